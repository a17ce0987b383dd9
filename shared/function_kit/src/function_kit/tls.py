"""Whom to trust with TLS."""

from __future__ import annotations

import os
import ssl
from functools import cache


@cache
def context() -> ssl.SSLContext:
    """The context that all clients of this environment share.

    It trusts what `SSL_CERT_FILE` or `SSL_CERT_DIR` name, for networks with an authority of their
    own; else the system's authorities, else certifi's.

    Debian keeps its authorities twice: in one file, which takes 10 ms of every cold start to
    read, and in a folder by hash, in which OpenSSL looks up the one it needs when it verifies.
    """
    if "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ:
        return ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if paths.capath and _is_hashed(paths.capath):
        return ssl.create_default_context(capath=paths.capath)
    if paths.cafile:
        return ssl.create_default_context()
    import certifi  # noqa: PLC0415 - not needed where the system has its own

    return ssl.create_default_context(cafile=certifi.where())


def _is_hashed(folder: str) -> bool:
    """Whether OpenSSL can look authorities up there: their links are called `0a775a30.0`."""
    with os.scandir(folder) as entries:
        return any(entry.name.endswith(".0") for entry in entries)
