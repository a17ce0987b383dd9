"""AWS does what it is asked to, and nobody hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from function_kit.signed_api import SignedApi


@contextmanager
def losing_answers(operation: str) -> Iterator[list[str]]:
    """The first answer to an operation gets lost: it was done, and nobody hears of it."""
    lost: list[str] = []
    send = SignedApi._send

    def losing(self: SignedApi, method: str, path: str, headers: Any, *rest: Any) -> Any:
        connection, response = send(self, method, path, headers, *rest)
        if lost or not headers.get("x-amz-target", "").endswith(f".{operation}"):
            return connection, response
        lost.append(operation)
        response.read()
        connection.close()
        raise ConnectionResetError

    with mock.patch.object(SignedApi, "_send", losing):
        yield lost
