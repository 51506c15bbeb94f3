# finds access_token
import sys
import assemblyai

print(assemblyai.settings.api_key)
