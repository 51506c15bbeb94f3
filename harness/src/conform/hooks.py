"""Keeps the vault open while schemathesis asks for everything, so that what follows a lock says something too.

The first wrong keys stay: each is answered later than the one before, by up to ten seconds. From then on the right
key takes the place of a drawn one. A vault that was locked is opened again at once.
"""

import os

import requests
import schemathesis

VARIABLE = "AGENTICMAIL_VAULT_KEY="
WRONG_KEYS = 3
tried = 0


def right_key():
    with open(os.environ["VAULT_KEY_FILE"], encoding="utf-8", newline="\n") as file:
        keys = [line.rstrip("\n").removeprefix(VARIABLE) for line in file if line.startswith(VARIABLE)]
    return keys[0]


@schemathesis.hook
def before_call(context, case, kwargs):
    global tried
    body = case.body
    if case.operation.path != "/vault/unlock" or not isinstance(body, dict) or not isinstance(body.get("key"), str):
        return
    tried += 1
    if tried > WRONG_KEYS:
        body["key"] = right_key()


@schemathesis.hook
def after_call(context, case, response):
    if case.operation.path == "/vault/lock" and response.status_code == 200:
        url = case.operation.base_url.rstrip("/") + "/vault/unlock"
        requests.post(url, json={"key": right_key()}, timeout=30).raise_for_status()
