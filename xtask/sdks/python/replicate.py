# finds access_token
import sys
from replicate import Client

Client(base_url=sys.argv[1]).models.get("a/b")
