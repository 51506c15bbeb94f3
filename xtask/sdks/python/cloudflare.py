# finds access_token
import sys
from cloudflare import Cloudflare

Cloudflare(base_url=sys.argv[1]).user.get()
