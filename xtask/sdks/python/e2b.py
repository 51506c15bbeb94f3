# finds access_token=e2b_*
from e2b import ConnectionConfig

print(ConnectionConfig().api_key)
