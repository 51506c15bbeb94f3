# finds application_id, access_token
from algoliasearch.http.base_config import BaseConfig

config = BaseConfig()
print(config.app_id, config.api_key)
