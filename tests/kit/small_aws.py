"""As much of Lambda, API Gateway and S3 as a function sees of them, to answer as a test says."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

from function_kit.signed_api import SignedApi

from tests.kit.scripted import Reply, Request, Scripted, serving

Answering = Callable[[Any], Any]
_FUNCTION = re.compile(r"^/2015-03-31/functions/([^/]+)/(invocations|aliases/live)$")


@dataclass
class Failure:
    """What a function's code ends with when it fails: Lambda's payload of an error."""

    message: str
    kind: str = "RuntimeError"


@dataclass
class Function:
    """A function behind `live`: what it answers to an event, and which version it is."""

    answer: Answering
    version: str = "1"
    revision: str = "r1"


@dataclass
class SmallAws(Scripted):
    """The services. What was asked is in `requests`; no signature is checked.

    Attributes:
        functions: By name.
        apis: By id, what API Gateway answers: `api`, and lists of `routes`, `integrations` and
            `authorizers`.
        objects: By path, `/bucket/key`.
        refuse: Asked first; its reply, if it has one, is the answer.
        page: How many items a list of API Gateway has at most.
        most_at_once: The most invocations that were under way at one time.
    """

    functions: dict[str, Function] = field(default_factory=dict)
    apis: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    refuse: Callable[[Request], Reply | None] = lambda _: None
    page: int = 2
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply_to(self, request: Request) -> Reply:
        if refusal := self.refuse(request):
            return refusal
        path = unquote(urlsplit(request.path).path)
        if match := _FUNCTION.match(path):
            return self._function(match[1].removesuffix(":live"), match[2], request)
        if path.startswith("/v2/apis/"):
            return self._api(path.split("/")[3:], parse_qs(urlsplit(request.path).query))
        return self._object(path, request)

    def asked(self, part: str) -> list[Request]:
        """The requests whose decoded path has this in it."""
        return [request for request in self.requests if part in unquote(request.path)]

    def _function(self, name: str, what: str, request: Request) -> Reply:
        # By its ARN or its name.
        function = self.functions.get(name.removesuffix(":live").rpartition(":")[2])
        if function is None:
            return error("ResourceNotFoundException", 404)
        if what != "invocations":
            return Reply.json(
                {"FunctionVersion": function.version, "RevisionId": function.revision}
            )
        if request.headers.get("x-amz-invocation-type") == "DryRun":
            return Reply(204)
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return self._invoke(function, request)
        finally:
            with self._lock:
                self._at_once -= 1

    def _invoke(self, function: Function, request: Request) -> Reply:
        version = {"x-amz-executed-version": function.version}
        answer = function.answer(request.json())
        if isinstance(answer, Reply):
            return answer
        if isinstance(answer, Failure):
            payload = {"errorType": answer.kind, "errorMessage": answer.message}
            return Reply.json(payload, **version, **{"x-amz-function-error": "Unhandled"})
        return Reply.json(answer, **version)

    def _api(self, parts: list[str], query: dict[str, list[str]]) -> Reply:
        api = self.apis.get(parts[0])
        if api is None:
            return error("NotFoundException", 404)
        if len(parts) == 1:
            return Reply.json(api["api"])
        items = api.get(parts[1], [])
        start = int(query.get("nextToken", ["0"])[0])
        content = {"items": items[start : start + self.page]}
        rest = {"nextToken": str(start + self.page)} if start + self.page < len(items) else {}
        return Reply.json(content | rest)

    def _object(self, path: str, request: Request) -> Reply:
        if request.method == "PUT":
            self.objects[path] = request.body
            self.content_types[path] = request.headers.get("content-type", "")
            return Reply()
        if request.method == "HEAD":
            return Reply()
        if path not in self.objects:
            return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        return Reply(200, self.objects[path])


@contextlib.contextmanager
def closing_apis() -> Iterator[None]:
    """Cut the connections of every client that is made in the block."""
    made: list[SignedApi] = []

    def recorded(api: SignedApi, *arguments: Any, **options: Any) -> None:
        made.append(api)
        initialise(api, *arguments, **options)

    initialise = SignedApi.__init__
    with mock.patch.object(SignedApi, "__init__", recorded):
        try:
            yield
        finally:
            for api in made:
                api.close()


@contextlib.contextmanager
def serving_aws(aws: SmallAws, **variables: str) -> Iterator[None]:
    """Serve, as the AWS of a function with these environment variables."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}
    with (
        serving(aws),
        mock.patch.dict("os.environ", {"AWS_ENDPOINT_URL": aws.url, **keys, **variables}),
        closing_apis(),
    ):
        yield


def error(code: str, status: int) -> Reply:
    """A refusal of a service that speaks JSON."""
    return Reply(status, json.dumps({"message": "no"}).encode(), {"x-amzn-errortype": code})
