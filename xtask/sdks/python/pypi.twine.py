# finds access_token=pypi-*
import pathlib
import sys
import tempfile
import zipfile
from twine.__main__ import main

with tempfile.TemporaryDirectory() as folder:
    wheel = pathlib.Path(folder, "a-1-py3-none-any.whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1\n")
        archive.writestr("a-1.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    sys.argv = ["twine", "upload", "--non-interactive", "--username", "__token__", "--repository-url", sys.argv[1], str(wheel)]
    sys.exit(main())
