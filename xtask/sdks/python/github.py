# finds access_token=ghp_*
import sys
from ghapi.all import GhApi

print(GhApi().headers)
