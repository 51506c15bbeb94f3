# finds access_token
from deepgram import DeepgramClient

print(DeepgramClient()._client_wrapper.get_headers())
