# finds access_token
import sys
from perplexity import Perplexity

Perplexity(base_url=sys.argv[1]).search.create(query="a")
