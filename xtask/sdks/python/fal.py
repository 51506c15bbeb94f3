# finds access_token=*:secret
from fal_client import SyncClient

print(SyncClient()._client.headers["authorization"])
