# finds access_token, url=http://127.0.0.1:1/*
from upstash_redis import Redis

redis = Redis.from_env()
print(redis._headers, redis._url)
