#!/usr/bin/env python3
"""Opens the golden vectors with another implementation.

Written from docs/crypto.md alone: AES-GCM comes from the package `cryptography`, everything else from the
standard library. Prints one line a vector and exits with 1 on any difference.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys

sys.dont_write_bytecode = True

import agenticmail
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = pathlib.Path(__file__).resolve().parent
FORMAT = b"\x01"
failures = 0


def load(name):
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def check(what, good):
    global failures
    failures += not good
    print(("ok    " if good else "WRONG ") + what)


# --- conventions and primitives ---------------------------------------------------------------------------


def u32(number):
    return struct.pack(">I", number)


def u64(number):
    return struct.pack(">Q", number)


def i64(number):
    return struct.pack(">q", number)


def part(data):
    data = data.encode() if isinstance(data, str) else data
    return u32(len(data)) + data


def optional(data):
    return b"\x00" if data is None else b"\x01" + part(data)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def hkdf(key, info, salt=bytes(32)):
    # One block of RFC 5869 is 32 bytes, so the expansion ends after its first.
    return mac(mac(salt, key), info.encode() + b"\x01")


def unseal(key, iv, sealed, aad):
    try:
        return AESGCM(key).decrypt(iv, sealed, aad)
    except InvalidTag:
        return None


# --- sealed values ----------------------------------------------------------------------------------------


def context(vault_id, org, secret_id, name, version, revision):
    return FORMAT + vault_id + part(org) + secret_id + part(name) + u64(version) + u64(revision)


def open_value(vault_key, sealed, aad, info="vault/secret/v1"):
    if sealed[:1] != FORMAT or len(sealed) < 61:
        return None
    salt, iv, body = sealed[1:33], sealed[33:45], sealed[45:]
    plain = unseal(hkdf(vault_key, info, salt), iv, body, aad)
    return None if plain is None else plain.decode()


def seal_value(vault_key, salt, iv, value, aad):
    body = AESGCM(hkdf(vault_key, "vault/secret/v1", salt)).encrypt(iv, value.encode(), aad)
    return FORMAT + salt + iv + body


def check_sealed():
    file = load("sealed.json")
    vault_key = bytes.fromhex(file["vault_key"])
    for case in file["cases"]:
        aad = context(
            bytes.fromhex(case["vault_id"]),
            case["org"],
            bytes.fromhex(case["secret_id"]),
            case["name"],
            case["version"],
            case["revision"],
        )
        sealed = bytes.fromhex(case["sealed"])
        salt, iv = bytes.fromhex(case["salt"]), bytes.fromhex(case["iv"])
        about = "sealed value: " + case["about"]
        check(about + ", opens", open_value(vault_key, sealed, aad) == case["value"])
        check(about + ", seals to the same bytes", seal_value(vault_key, salt, iv, case["value"], aad) == sealed)
        check(about + ", opens in no other context", open_value(vault_key, sealed, aad + b"\x00") is None)


# --- recovery keys ----------------------------------------------------------------------------------------


def recovery_key(text):
    kept = "".join(c for c in text.upper() if c not in "- \t\r\n")
    if not kept.startswith("AMVR1") or len(kept) != 5 + 58:
        return None
    data = base64.b32decode(kept[5:] + "======")
    key, found = data[:32], data[32:]
    return key if sha256(key)[:4] == found else None


def recovery_text(key):
    letters = base64.b32encode(key + sha256(key)[:4]).decode().rstrip("=")
    return "-".join(["AMVR1"] + [letters[at : at + 6] for at in range(0, len(letters), 6)])


def check_recovery():
    for number, case in enumerate(load("recovery.json")["keys"], 1):
        key = bytes.fromhex(case["key"])
        check(f"recovery key {number}: text to key", recovery_key(case["text"].lower()) == key)
        check(f"recovery key {number}: key to text", recovery_text(key) == case["text"])


# --- slots and header -------------------------------------------------------------------------------------


def check_slot(number, case, vault_id, vault_key):
    slot = bytes.fromhex(case["bytes"])
    clear, sealed, commitment = slot[:51], slot[51:99], slot[99:]
    iterations = struct.unpack(">I", clear[3:7])[0]
    salt, iv = clear[7:39], clear[39:51]
    kind = {"passphrase": 1, "recovery": 2}[case["kind"]]
    about = f"slot {number} ({case['kind']}): "
    check(about + "form", len(slot) == 131 and clear[:3] == bytes([1, kind, 1]))
    check(about + "iterations", iterations == case["iterations"] and 100_000 <= iterations <= 10_000_000)
    key = case["opened_by"].encode() if kind == 1 else recovery_key(case["opened_by"])
    master = hashlib.pbkdf2_hmac("sha512", key, salt, iterations, 32)
    check(about + "master key", master == bytes.fromhex(case["master_key"]))
    expected = mac(hkdf(master, "vault/commit/v1"), clear + sealed + vault_id + FORMAT)
    check(about + "commitment", expected == commitment)
    check(about + "vault key", unseal(master, iv, sealed, clear + vault_id) == vault_key)


def check_audit_key(case, vault_id, vault_key):
    aad = FORMAT + vault_id + u64(case["from_seq"])
    iv, sealed = bytes.fromhex(case["iv"]), bytes.fromhex(case["sealed"])
    key = unseal(hkdf(vault_key, "vault/audit-key/v1"), iv, sealed, aad)
    check(f"audit key from entry {case['from_seq']}", key == bytes.fromhex(case["key"]))


def check_header(file, vault_id, vault_key):
    for number, case in enumerate(file["slots"], 1):
        check_slot(number, case, vault_id, vault_key)
    for case in file["audit_keys"]:
        check_audit_key(case, vault_id, vault_key)
    slots = [part(bytes.fromhex(case["bytes"])) for case in file["slots"]]
    keys = [
        u64(case["from_seq"]) + bytes.fromhex(case["iv"]) + bytes.fromhex(case["sealed"])
        for case in file["audit_keys"]
    ]
    canonical = u64(len(slots)) + b"".join(slots) + u64(len(keys)) + b"".join(keys) + vault_id + FORMAT
    check("header: checksum", sha256(canonical).hex() == file["checksum"])
    check("header: mac", mac(hkdf(vault_key, "vault/header/v1"), canonical).hex() == file["mac"])


# --- rows and state ---------------------------------------------------------------------------------------


def moment(number):
    return None if number is None else i64(number)


def canonical_row(row):
    return (
        bytes.fromhex(row["id"])
        + part(row["org"])
        + part(row["name"])
        + part(row["category"])
        + part(row["metadata"])
        + u64(row["version"])
        + u64(row["revision"])
        + part(row["created_by"])
        + i64(row["created_at"])
        + i64(row["updated_at"])
        + optional(moment(row["rotated_at"]))
        + optional(moment(row["expires_at"]))
        + i64(row["version_at"])
        + part(row["version_by"])
        + bytes.fromhex(row["versions"])
        + bytes.fromhex(row["digest"])
    )


def kept_versions(kept):
    canonical = u64(len(kept))
    for one in kept:
        canonical += u64(one["version"]) + u64(one["revision"]) + i64(one["created_at"])
        canonical += part(one["created_by"]) + sha256(bytes.fromhex(one["sealed"]))
    return sha256(canonical)


def check_row(row, vault_id, vault_key):
    secret_id = bytes.fromhex(row["id"])
    about = f"row `{row['name']}`: "
    for one in [row] + row["kept"]:
        aad = context(vault_id, row["org"], secret_id, row["name"], one["version"], one["revision"])
        value = open_value(vault_key, bytes.fromhex(one["sealed"]), aad)
        check(about + f"value {one['version']}", value == one["value"])
    check(about + "digest", sha256(bytes.fromhex(row["sealed"])).hex() == row["digest"])
    check(about + "kept versions", kept_versions(row["kept"]).hex() == row["versions"])
    row_mac = mac(hkdf(vault_key, "vault/row/v1"), canonical_row(row))
    check(about + "mac", row_mac.hex() == row["mac"])
    leaf = mac(hkdf(vault_key, "vault/state/v1"), b"leaf" + secret_id + u64(row["revision"]) + row_mac)
    check(about + "leaf", leaf.hex() == row["leaf"])
    return int.from_bytes(leaf, "big")


def check_agents(file, vault_id, vault_key):
    canonical = u64(len(file["agents"]))
    for agent in file["agents"]:
        sealed = bytes.fromhex(agent["sealed"])
        aad = FORMAT + vault_id + part(agent["name"]) + u64(agent["revision"])
        record = open_value(vault_key, sealed, aad, "vault/agent/v1")
        check(f"agent `{agent['name']}`", record == agent["record"])
        canonical += part(agent["name"]) + u64(agent["revision"]) + sha256(sealed)
    digest = mac(hkdf(vault_key, "vault/state/v1"), b"agents" + canonical)
    check("state: agents", digest.hex() == file["state"]["agents"])
    return digest


def check_state(file, leaves, vault_key, agents):
    state = file["state"]
    total = (sum(leaves) % 2**256).to_bytes(32, "big")
    check("state: sum", total.hex() == state["sum"])
    check("state: count", len(leaves) == state["count"])
    data = b"state" + u64(state["seq"]) + bytes.fromhex(state["head"]) + total + u64(state["count"]) + agents
    check("state: mac", mac(hkdf(vault_key, "vault/state/v1"), data).hex() == state["mac"])


# --- audit chain ------------------------------------------------------------------------------------------


def canonical_peer(peer):
    if peer is None:
        return b"\x00"
    pid = None if peer["pid"] is None else struct.pack(">i", peer["pid"])
    return b"\x01" + u32(peer["uid"]) + u32(peer["gid"]) + optional(pid) + optional(peer["exe"])


def canonical_entry(entry):
    secret = None if entry["secret"] is None else bytes.fromhex(entry["secret"])
    return (
        u64(entry["seq"])
        + bytes.fromhex(entry["id"])
        + optional(entry["org"])
        + part(entry["action"])
        + part(entry["outcome"])
        + optional(secret)
        + optional(entry["name"])
        + part(entry["actor"])
        + canonical_peer(entry["peer"])
        + part(entry["metadata"])
        + i64(entry["at"])
    )


def check_chain(file):
    previous = bytes(32)
    for place, entry in enumerate(file["entries"], 1):
        keys = [key for key in file["audit_keys"] if key["from_seq"] <= entry["seq"]]
        audit_key = bytes.fromhex(max(keys, key=lambda key: key["from_seq"])["key"])
        expected = mac(audit_key, previous + canonical_entry(entry))
        about = f"audit entry {entry['seq']} ({entry['action']})"
        check(about, entry["seq"] == place and expected.hex() == entry["mac"])
        previous = expected
    head = file["state"]
    check("audit head", head["seq"] == len(file["entries"]) and previous.hex() == head["head"])


# --- AgenticMail's rows -----------------------------------------------------------------------------------


def check_agenticmail():
    kept = load("agenticmail.json")
    check("AgenticMail's key", kept["key"] == agenticmail.KEY)
    for kept_row, row in zip(kept["rows"], agenticmail.ROWS, strict=True):
        check(f"AgenticMail's row {row['id']} seals to the same bytes", kept_row == row)


def main():
    check_sealed()
    check_recovery()
    check_agenticmail()
    file = load("vault.json")
    vault_id, vault_key = bytes.fromhex(file["vault_id"]), bytes.fromhex(file["vault_key"])
    check_header(file, vault_id, vault_key)
    leaves = [check_row(row, vault_id, vault_key) for row in file["rows"]]
    agents = check_agents(file, vault_id, vault_key)
    check_state(file, leaves, vault_key, agents)
    check_chain(file)
    if failures:
        print(f"{failures} vectors differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
