"""The local AWS as a server that many clients come to and leave."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Stack
from tests.kit.process import until

pytestmark = pytest.mark.stack
CLIENTS = 60
ASK = b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("leaves", ["at once", "before the answer", "after the answer"])
def test_it_keeps_no_connection_whose_client_has_left(stack: Stack, leaves: str) -> None:
    """In half an hour of traffic it had no file descriptor left for the next."""
    address = urlsplit(stack.environment.endpoint or "")
    known = json.loads((stack.place.stack.folder / "local-aws.json").read_text(encoding="utf-8"))
    descriptors = Path(f"/proc/{known['pid']}/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(CLIENTS):
        with socket.create_connection((address.hostname, address.port)) as client:
            if leaves != "at once":
                client.sendall(ASK)
            if leaves == "after the answer":
                answer = http.client.HTTPResponse(client)
                answer.begin()
                assert answer.status == 200
    until(lambda: len(list(descriptors.iterdir())) < before + CLIENTS / 2)
