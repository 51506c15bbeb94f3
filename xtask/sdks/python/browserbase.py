# finds access_token
import sys
from browserbase import Browserbase

Browserbase(base_url=sys.argv[1]).projects.list()
