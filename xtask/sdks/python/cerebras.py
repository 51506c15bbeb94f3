# finds access_token
import sys
from cerebras.cloud.sdk import Cerebras

Cerebras(base_url=sys.argv[1]).models.list()
