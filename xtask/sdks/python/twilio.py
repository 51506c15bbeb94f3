# finds account_sid=AC*, access_token
from twilio.rest import Client

print(Client().auth)
