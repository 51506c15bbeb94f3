# finds access_token=xoxb-*, signing_secret
import sys
from slack_bolt import App
from slack_sdk import WebClient

app = App(token_verification_enabled=False)
print(app._token, app._signing_secret if hasattr(app, "_signing_secret") else "")
