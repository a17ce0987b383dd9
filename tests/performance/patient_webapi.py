"""message-webapi in a process of its own, with patience for a local AWS that takes seconds."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from tests.kit.invoke import LambdaContext, _peak_memory

PATIENCE = 120.0  # seconds; DynamoDB takes milliseconds for what takes the local AWS seconds


class Answer(NamedTuple):
    """What came of a request: how long it took in the function, and the process's peak so far."""

    seconds: float
    peak_kib: int
    status: int
    body: dict[str, Any]


def _serve(requests: Connection) -> None:
    # Imported here, in the child, and the patience first.
    import message_kit.settings  # noqa: PLC0415

    vars(message_kit.settings)["AWS_TIMEOUT"] = PATIENCE
    from message_webapi.handler import handler  # noqa: PLC0415

    with contextlib.suppress(EOFError):
        while True:
            event = requests.recv()
            began = time.perf_counter()
            answer = handler(event, LambdaContext())
            seconds = time.perf_counter() - began
            # The body as text: the function's own memory is what is looked at.
            requests.send((seconds, _peak_memory(), answer["statusCode"], answer["body"]))


class Function:
    """The function in its process."""

    def __init__(self, requests: Connection) -> None:
        self._requests = requests

    def get(self, path: str, query: dict[str, Any]) -> Answer:
        """Answer one request."""
        self._requests.send(
            {
                "rawPath": path,
                "requestContext": {"http": {"method": "GET", "path": path}},
                "queryStringParameters": {name: str(value) for name, value in query.items()},
            }
        )
        seconds, peak, status, body = self._requests.recv()
        return Answer(seconds, peak, status, json.loads(body))


@contextlib.contextmanager
def function() -> Iterator[Function]:
    """The function, told by this process's environment as it is now."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    child.start()
    theirs.close()
    try:
        yield Function(ours)
    finally:
        ours.close()
        child.join(timeout=30)
