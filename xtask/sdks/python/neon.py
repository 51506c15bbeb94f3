# finds access_token
import sys
from neon_api import NeonAPI

client = NeonAPI.from_environ()
client.base_url = sys.argv[1] + "/"
client.me()
