"""Whom to trust with TLS."""

from __future__ import annotations

import os
import ssl


def context() -> ssl.SSLContext:
    """A context with the system's authorities where there are any, else certifi's.

    `SSL_CERT_FILE` is honoured, for networks with an authority of their own. Debian keeps the
    system's in a folder that OpenSSL looks into when it verifies, so that they cost nothing;
    reading certifi's one file takes 10 ms of every cold start.
    """
    paths = ssl.get_default_verify_paths()
    if os.environ.get("SSL_CERT_FILE") or paths.cafile or paths.capath:
        return ssl.create_default_context()
    import certifi  # noqa: PLC0415 - not needed where the system has its own

    return ssl.create_default_context(cafile=certifi.where())
