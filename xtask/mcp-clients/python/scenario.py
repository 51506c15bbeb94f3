"""What every client of Python does: it drives each tool, with the server's command in its arguments."""

import sys

COMMAND, *ARGUMENTS = sys.argv[1:]
SECRET = {"command": ["sh", "-c", "echo $SECRET"], "env": {"SECRET": "key"}}
LONG = {"command": ["sleep", "5"], "timeoutSeconds": 60}

# Each call: the tool, its arguments, and what has to hold of the answer.
CALLS = [
    ("list_secrets", {"limit": 1}, lambda a: len(a["secrets"]) == 1 and a["total"] == 2),
    ("list_secrets", {"limit": 1.0, "offset": "1"}, lambda a: len(a["secrets"]) == 1),
    ("discover_secrets", {"platform": "openai"}, lambda a: a["platforms"][0]["fields"][0]["env"] == "OPENAI_API_KEY"),
    ("describe_secret", {"name": "openai"}, lambda a: a["name"] == "skill:openai:access_token"),
    ("request_secret", {"name": "stripe", "reason": "a test"}, lambda a: a["command"].endswith(" add stripe")),
    ("run_command", SECRET, lambda a: a["stdout"] == "[vault:key]\n" and a["exitCode"] == 0),
]
TOOLS = {tool for tool, _, _ in CALLS}


async def drive(list_tools, call):
    """Drives each tool by the client's own functions; `call` returns whether the tool refused, its text and its data."""
    assert {tool.name for tool in await list_tools()} == TOOLS
    for tool, arguments, holds in CALLS:
        refused, text, data = await call(tool, arguments, None)
        assert not refused and holds(data), (tool, text)
    refused, text, _ = await call("run_command", {"command": "echo on"}, None)
    assert refused and "`command`" in text, text
    heard = []

    async def hear(progress, *_):
        heard.append(progress)

    refused, text, _ = await call("run_command", LONG, hear)
    assert not refused and heard, (text, heard)
