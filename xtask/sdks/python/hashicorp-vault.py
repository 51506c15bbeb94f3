# finds access_token, url=http://127.0.0.1:1/*
import hvac

client = hvac.Client()
print(client.token, client.url)
