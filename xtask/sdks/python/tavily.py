# finds access_token=tvly-*
import sys
from tavily import TavilyClient

TavilyClient(api_base_url=sys.argv[1]).search("a")
