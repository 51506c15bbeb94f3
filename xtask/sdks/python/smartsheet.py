# finds access_token
from smartsheet import Smartsheet

print(Smartsheet()._access_token)
