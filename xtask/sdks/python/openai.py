# finds access_token
import sys
from openai import OpenAI

OpenAI(base_url=sys.argv[1]).models.list()
