# finds client_id, client_secret
import sys
from spotipy.oauth2 import SpotifyClientCredentials

SpotifyClientCredentials.OAUTH_TOKEN_URL = sys.argv[1]
SpotifyClientCredentials().get_access_token(as_dict=False)
