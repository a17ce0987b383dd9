"""Tokens of the invoke gateway made by hand, and the gateway's own at a moment of the test's."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

from function_kit.secrets import Secret
from lambda_action.keys import Keys
from lambda_action.tokens import Tokens

KEY = "k" * 32 + "0123456789abcdef0123456789abcdef"
OLD = "o" * 64
NOW = 1_800_000_000


def tokens(secret: str = KEY, now: float = NOW) -> Tokens:
    made = Tokens(Keys(Secret(secret)), 3600, clock=lambda: now)
    asyncio.run(made.prepare())
    return made


def b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    found = {"client_id": "ada", "iat": NOW - 10, "exp": NOW + 100} | changes
    return {name: value for name, value in found.items() if value is not ...}


def token(
    payload: Any = None, header: Any = None, key: str = KEY, digest: Any = hashlib.sha256
) -> str:
    """A token made by hand: no library of ours has a say in it."""
    head = {"alg": "HS256", "typ": "JWT"} if header is None else header
    body = claims() if payload is None else payload
    signed = ".".join(
        b64(part if isinstance(part, (bytes, str)) else json.dumps(part)) for part in (head, body)
    )
    return f"{signed}.{b64(hmac.new(key.encode(), signed.encode(), digest).digest())}"
