# finds access_token, application_key, site=*.example
import sys
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.authentication_api import AuthenticationApi

configuration = Configuration()
print(configuration.api_key, configuration.server_variables)
with ApiClient(configuration) as client:
    AuthenticationApi(client).validate()
