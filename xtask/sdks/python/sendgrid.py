# finds access_token=SG.*
import sys
from sendgrid import SendGridAPIClient

SendGridAPIClient(host=sys.argv[1]).client.scopes.get()
