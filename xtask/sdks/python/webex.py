# finds access_token
import sys
from webexpythonsdk import WebexAPI

WebexAPI(base_url=sys.argv[1]).people.me()
