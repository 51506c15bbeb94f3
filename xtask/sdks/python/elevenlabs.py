# finds access_token
import sys
from elevenlabs.client import ElevenLabs

ElevenLabs(base_url=sys.argv[1]).models.list()
