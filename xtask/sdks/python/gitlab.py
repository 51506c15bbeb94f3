# finds access_token, url=http://127.0.0.1:1/*
import gitlab.cli

client = gitlab.Gitlab.merge_config(vars(gitlab.cli._get_base_parser().parse_args([])))
print(client.private_token, client.url)
