# finds access_token
import sys
import cohere

cohere.ClientV2(base_url=sys.argv[1]).models.list()
