# finds access_token=fc-*
import sys
from firecrawl import Firecrawl

Firecrawl(api_url=sys.argv[1]).scrape("http://127.0.0.1/")
