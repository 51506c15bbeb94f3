# finds access_token=pypi-*
import pathlib
import subprocess
import sys
import tempfile
import uv
import zipfile

with tempfile.TemporaryDirectory() as folder:
    wheel = pathlib.Path(folder, "a-1-py3-none-any.whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1\n")
    publish = [uv.find_uv_bin(), "publish", "--no-config", "--publish-url", sys.argv[1], str(wheel)]
    sys.exit(subprocess.run(publish).returncode)
