# finds access_token
import sys
from langsmith import Client

list(Client(api_url=sys.argv[1]).list_projects())
