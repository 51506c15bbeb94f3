# finds auth_token
import sys
from anthropic import Anthropic

Anthropic(base_url=sys.argv[1]).models.list()
