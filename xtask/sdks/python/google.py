# finds access_token
import sys
from google import genai

client = genai.Client(http_options={"base_url": sys.argv[1]})
client.models.get(model="a")
