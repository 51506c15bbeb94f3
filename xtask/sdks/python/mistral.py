# finds access_token
import sys
from mistralai.client import Mistral

Mistral(server_url=sys.argv[1]).models.list()
