# finds public_key=pk-lf-*, secret_key=sk-lf-*, host=http://127.0.0.1:1/*
from langfuse import Langfuse

client = Langfuse(tracing_enabled=False)
wrapper = client.api._client_wrapper
print(wrapper._username, wrapper._password, wrapper._base_url)
