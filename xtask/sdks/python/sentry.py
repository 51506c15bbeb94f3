# finds dsn=http://*@127.0.0.1:1/1
import sentry_sdk

sentry_sdk.init()
print(sentry_sdk.get_client().dsn)
