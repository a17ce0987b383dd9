"""Secrets of callers, kept as hashes that nobody can turn back: scrypt (RFC 7914)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Final

# Cost: 16 MB and some 40 ms for each guess, by RFC 7914's own recommendation.
_N: Final = 2**14
_R: Final = 8
_P: Final = 1
_SALT: Final = 16  # bytes
_LENGTH: Final = 32  # bytes
_MEMORY: Final = 64 * 1024 * 1024


def hashed(secret: str) -> str:
    """The hash to store, with its salt and costs: `scrypt$14$8$1$<salt>$<key>`."""
    salt = os.urandom(_SALT)
    key = _key(secret, salt, _N, _R, _P)
    return f"scrypt${_N.bit_length() - 1}${_R}${_P}${_text(salt)}${_text(key)}"


def matches(secret: str, stored: str | None) -> bool:
    """Whether `secret` is the one that was stored; takes as long when nothing was.

    Args:
        secret: What a caller says.
        stored: Made by `hashed`; None when there is no such caller.
    """
    if stored is None:
        _key(secret, bytes(_SALT), _N, _R, _P)
        return False
    try:
        scheme, log_n, r, p, salt, key = stored.split("$")
        found = _key(secret, _bytes(salt), 1 << int(log_n), int(r), int(p))
        expected = _bytes(key)
    except ValueError:
        return False
    return scheme == "scrypt" and hmac.compare_digest(found, expected)


def _key(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # Hashed first: scrypt begins with an HMAC, whose keys are filled up with zeros, so that one
    # secret and the same with a NUL behind it would be one.
    given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
    return hashlib.scrypt(given, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_LENGTH)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
