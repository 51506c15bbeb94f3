"""What python-dotenv reads from each file of the folder that is named."""

import importlib.metadata
import json
import logging
import os
import sys

from dotenv import dotenv_values

logging.disable()
folder = sys.argv[1]


def read(file):
    """Returns the variables of a file; one without a value is not set."""
    values = dotenv_values(os.path.join(folder, file), interpolate=True)
    return {name: value for name, value in values.items() if value is not None}


os.environ.clear()
files = {file: read(file) for file in os.listdir(folder)}
print(json.dumps({"version": importlib.metadata.version("python-dotenv"), "files": files}))
