# finds access_token=pcsk_*
import sys
from pinecone import Pinecone

Pinecone(host=sys.argv[1]).list_indexes()
