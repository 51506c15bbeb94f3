# finds access_token, endpoint=http://127.0.0.1:1/*, api_version
from openai import AzureOpenAI

client = AzureOpenAI()
print(client.api_key, client.base_url, client._api_version)
