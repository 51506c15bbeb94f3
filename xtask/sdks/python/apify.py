# finds access_token=apify_api_*
import sys
from apify import Configuration

print(Configuration().token)
