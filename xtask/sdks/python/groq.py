# finds access_token
import sys
from groq import Groq

Groq(base_url=sys.argv[1]).models.list()
