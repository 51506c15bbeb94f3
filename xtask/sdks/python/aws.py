# finds access_key_id, secret_access_key, region=eu-*-1, session_token
import sys
import boto3

session = boto3.Session()
print(session.get_credentials().secret_key)
session.client("s3", endpoint_url=sys.argv[1]).list_buckets()
