"""A gold bucket at an S3 that counts: what was read, and what was found unchanged."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import unquote

from mcp_server.basketball import basketball
from mcp_server.gold import Gold
from mcp_server.service import Service

from tests.kit.scripted import Reply, Request, Scripted, serving
from tests.kit.small_aws import closing_apis

BUCKET = "gold"
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@dataclass
class GoldEdge(Scripted):
    """S3 with one bucket. What came is in `requests`.

    Attributes:
        objects: Bodies by key.
        refuse: What is answered in place of all else.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    refuse: Reply | None = None

    def reply_to(self, request: Request) -> Reply:
        if self.refuse:
            return self.refuse
        key = unquote(request.path).removeprefix(f"/{BUCKET}/")
        if key not in self.objects:
            return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        etag = f'"{hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, headers={"etag": etag})
        return Reply(200, self.objects[key], {"etag": etag})

    def put(self, key: str, content: Any) -> None:
        self.objects[key] = json.dumps(content).encode()

    @property
    def keys(self) -> list[str]:
        """The keys that were asked for, in order."""
        return [unquote(each.path).removeprefix(f"/{BUCKET}/") for each in self.requests]


@contextlib.contextmanager
def serving_gold(objects: dict[str, Any]) -> Iterator[GoldEdge]:
    """Serve these objects, as the S3 of whatever reads one in the block."""
    edge = GoldEdge()
    for key, content in objects.items():
        edge.put(key, content)
    with (
        serving(edge),
        mock.patch.dict("os.environ", {"AWS_ENDPOINT_URL": edge.url, **_KEYS}),
        closing_apis(),
    ):
        yield edge


def service(gold: Gold | None = None) -> Service:
    """The server's methods on the bucket."""
    return Service(basketball(gold or Gold(BUCKET)))
