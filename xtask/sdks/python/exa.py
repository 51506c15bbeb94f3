# finds access_token
import sys
from exa_py import Exa

Exa(base_url=sys.argv[1]).search("a")
