#!/usr/bin/env python3
"""Seals rows as AgenticMail does, for tests of the import.

PBKDF2 comes from the standard library and AES-GCM from the package `cryptography`. Prints the rows of
agenticmail.json; everything in them is fixed, so the output is always the same.
"""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "a legacy key, ünïcode too"


def seal(value, rounds, number):
    salt, iv = bytes([number]) * 16, bytes([0x80 + number]) * 12
    key = hashlib.pbkdf2_hmac("sha512", KEY.encode(), salt, rounds, 32)
    sealed = AESGCM(key).encrypt(iv, value.encode(), None)
    text = lambda part: base64.b64encode(part).decode()
    return json.dumps(
        {
            "v": 1,
            "alg": "aes-256-gcm",
            "salt": text(salt),
            "iv": text(iv),
            "tag": text(sealed[-16:]),
            "data": text(sealed[:-16]),
        }
    )


def row(number, name, value, rounds, **more):
    return {
        "id": f"row-{number}",
        "org_id": "default",
        "name": name,
        "encrypted_value": seal(value, rounds, number),
        "category": "skill_credential",
        "metadata": "{}",
        "created_by": "system",
        "created_at": "2025-01-02 03:04:05",
        "expires_at": None,
        **more,
    }


ROWS = [
    row(1, "skill:openai:access_token", "sk-of-600000-rounds", 600_000),
    row(2, "skill:slack:access_token", "xoxb-of-100000-rounds", 100_000, org_id="acme"),
    row(3, "zwei Wörter", "wört 🔑\nzwei Zeilen", 100_000, category="custom", metadata='{"note":"n"}'),
    row(4, "db", "x" * 1000, 100_000, category="nobody knows", expires_at="2099-01-02 03:04:05"),
]

if __name__ == "__main__":
    print(json.dumps({"key": KEY, "rows": ROWS}, indent=1, ensure_ascii=False))
