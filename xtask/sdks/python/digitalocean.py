# finds access_token
# pydo reads no variable of its own: it is given the token as its documentation says.
import os
from pydo import Client

print(Client(token=os.environ["DIGITALOCEAN_TOKEN"])._config.credential.get_token().token)
