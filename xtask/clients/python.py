"""Lists, creates, reads and deletes by the client of openapi-python-client, and reads the counters by Prometheus' own parsers.

The arguments: the folder that the client was made in, the socket, and the token of an agent.
"""

import sys

import httpx
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

FOLDER, SOCKET, TOKEN = sys.argv[1:]
sys.path.insert(0, FOLDER)

from vault_client import AuthenticatedClient, Client
from vault_client.api.default import (
    add_platform, audit_log, create_secret, delete_secret, get_secret, list_presets, list_secrets, resolve, status_of,
)
from vault_client.models import CreateSecretBody, SecretList


def client(kind, **options):
    transport = httpx.HTTPTransport(uds=SOCKET)
    return kind(base_url="http://localhost", httpx_args={"transport": transport}, **options)


owner = client(Client)
created = create_secret.sync(client=owner, body=CreateSecretBody(name="made by a client", value="its value"))
assert created.success and created.entry.name == "made by a client", created
again = create_secret.sync_detailed(client=owner, body=CreateSecretBody(name="made by a client", value="x"))
assert again.status_code == 409 and again.parsed.code == "conflict", again
listed = list_secrets.sync(client=owner, search="CLIENT")
assert [secret.name for secret in listed.secrets] == ["made by a client"], listed
assert listed.secrets[0].category == "custom", listed
assert get_secret.sync(str(created.entry.id), client=owner).value == "its value"
assert resolve.sync("made by a client", client=owner).value == "its value"
assert status_of.sync(client=owner).total_entries == 1
assert {entry.action.value for entry in audit_log.sync(client=owner).entries} >= {"create", "decrypt"}
assert len(list_presets.sync(client=owner).presets) > 90
agent = client(AuthenticatedClient, token=TOKEN)
assert isinstance(list_secrets.sync(client=agent), SecretList)
assert delete_secret.sync_detailed(str(created.entry.id), client=agent).status_code in (403, 404)
assert delete_secret.sync(str(created.entry.id), client=owner).success
assert list_secrets.sync(client=owner).total == 0


def families(accepted, parse):
    answer = owner.get_httpx_client().get("/metrics", headers={"Accept": accepted})
    found = {family.name: family for family in parse(answer.text)}
    assert all(family.documentation for family in found.values()), found
    return {name: family.type for name, family in found.items()}


wanted = {
    "agenticmail_vault_requests": "counter",
    "agenticmail_vault_refusals": "counter",
    "agenticmail_vault_request_duration_seconds": "histogram",
    "agenticmail_vault_audit_entries": "gauge",
    "agenticmail_vault_locked": "gauge",
    "agenticmail_vault_connections": "gauge",
}
assert families("text/plain", parser.text_string_to_metric_families) == wanted
assert families("application/openmetrics-text", openmetrics.text_string_to_metric_families) == wanted
