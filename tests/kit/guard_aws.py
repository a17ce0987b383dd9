"""An AWS in memory for the release guard, with a clock of its own, and deaths at any call.

What it stands in for is `SignedApi`: the guard's own requests are what is answered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from function_kit import releases
from function_kit.aws_errors import AwsError
from function_kit.releases import Lock, Release
from function_kit.signed_api import Answer

PREFIX = "lambda-fleet-dev"
FUNCTION = "scheduled-digest"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lambda-fleet"
# Of the real clock, for the handler reads it.
NOW = float(int(time.time()))


class Killed(BaseException):
    """The invocation is no more: nothing that it would still do happens."""


def digest(mark: str) -> str:
    """An image's digest."""
    return f"sha256:{mark * 64}"


def image(mark: str, function: str = FUNCTION) -> str:
    """An image by digest."""
    return f"{REGISTRY}/{function}@{digest(mark)}"


@dataclass
class Clock:
    """Time that passes only when somebody waits, or a test says so."""

    seconds: float = NOW
    # Called when somebody waits: what happens elsewhere meanwhile.
    meanwhile: Callable[[], None] = field(default=lambda: None)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += max(seconds, 0.01)
        self.meanwhile()


@dataclass
class Config:
    """A version, or $LATEST."""

    image: str
    state: str = "Active"
    update: str = "Successful"
    reason: str = ""
    revision: str = "r0"

    def answer(self) -> dict[str, Any]:
        return {
            "Configuration": {
                "State": self.state,
                "LastUpdateStatus": self.update,
                "LastUpdateStatusReason": self.reason,
                "RevisionId": self.revision,
            },
            "Code": {"ImageUri": self.image, "ResolvedImageUri": self.image},
        }


@dataclass
class Function:
    """A function of Lambda's.

    Attributes:
        old_alias: What reads of the alias answer so many times before they see the truth.
        update_fails: The reason for which the next update of the code fails.
        settling: How many reads an update is in progress for.
    """

    versions: dict[str, Config] = field(default_factory=dict)
    latest: Config = field(default_factory=lambda: Config(image("b")))
    live: str = "7"
    weights: dict[str, float] = field(default_factory=dict)
    revision: str = "a0"
    old_alias: list[tuple[str, str]] = field(default_factory=list)
    update_fails: str = ""
    settling: int = 0
    invoked: list[tuple[str, str]] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)


@dataclass
class Call:
    """A request of the guard's."""

    service: str
    operation: str


class Aws:
    """Everything the guard talks to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.functions: dict[str, Function] = {}
        self.images = {digest("a"), digest("b")}
        self.missing_repositories: set[str] = set()
        self.messages: list[dict[str, str]] = []
        self.calls: list[Call] = []
        self.dead = False
        # Called before and after each call takes effect; may raise.
        self.before: Callable[[Call], None] = lambda _: None
        self.after: Callable[[Call], None] = lambda _: None
        # Answers in place of a call's effect, by operation.
        self.refused: dict[str, Answer] = {}
        self._count = 0

    def api(self, service: str) -> Any:
        return Api(self, service)

    def do[T](self, call: Call, work: Callable[[], T]) -> T:
        if self.dead:
            raise Killed
        self.calls.append(call)
        self._guarded(lambda: self.before(call))
        result = work()
        self._guarded(lambda: self.after(call))
        return result

    def _guarded(self, hook: Callable[[], None]) -> None:
        try:
            hook()
        except Killed:
            self.dead = True
            raise

    def new_revision(self) -> str:
        self._count += 1
        return f"r{self._count}"

    # What a test looks at.

    def releases(self, function: str = FUNCTION) -> list[Release]:
        """Newest first."""
        found = [i for (f, r), i in self.items.items() if f == function and r != releases.LOCK_ID]
        decoded = [releases.decode_release(item) for item in found]
        return sorted(decoded, key=lambda r: r.release_id, reverse=True)

    def lock(self, function: str = FUNCTION) -> Lock | None:
        item = self.items.get((function, releases.LOCK_ID))
        return releases.decode_lock(item) if item else None

    def put(self, *records: Release | Lock) -> None:
        for record in records:
            item = releases.encode(record)
            self.items[item["function"]["S"], item["release_id"]["S"]] = item


class Api:
    """One service, in the place of its `SignedApi`."""

    def __init__(self, aws: Aws, service: str) -> None:
        self._aws = aws
        self._service = service

    def call_json(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        json.dumps(parameters)
        service = getattr(self, f"_{self._service}")
        return self._aws.do(Call(self._service, operation), lambda: service(operation, parameters))

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        if self._service == "sns":
            return self._aws.do(Call("sns", "Publish"), lambda: self._publish(body))
        name, _, rest = path.removeprefix("/2015-03-31/functions/").partition("/")
        operation = {
            ("GET", "aliases/live"): "GetAlias",
            ("PUT", "aliases/live"): "UpdateAlias",
            ("GET", ""): "GetFunction",
            ("PUT", "code"): "UpdateFunctionCode",
            ("POST", "invocations"): "Invoke",
        }[method, rest]
        work = getattr(self, f"_{operation}")
        full, _, qualifier = unquote(name).partition(":")
        function = self._aws.functions.get(full.removeprefix(f"{PREFIX}-"))
        content = json.loads(body or b"{}")
        kind = (headers or {}).get("x-amz-invocation-type", "")

        def answer() -> Answer:
            if operation in self._aws.refused:
                return self._aws.refused[operation]
            if function is None:
                return refusal(404, "ResourceNotFoundException")
            extra = {"kind": kind} if operation == "Invoke" else {}
            made: Answer = work(function, qualifier, content, **extra)
            return made

        return self._aws.do(Call("lambda", operation), answer)

    def close(self) -> None:
        return

    # DynamoDB: what the conditions of function_kit.releases need of it.

    def _dynamodb(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if operation == "Query":
            function = given["ExpressionAttributeValues"][":f"]["S"]
            found = self._aws.releases(function)[: given["Limit"]]
            return {"Items": [releases.encode(r) for r in found]}
        if operation == "GetItem":
            item = self._aws.items.get(_key(given["Key"]))
            return {"Item": item} if item else {}
        if operation == "PutItem":
            self._require(given, given["Item"], "ConditionalCheckFailedException")
            self._aws.items[_key(given["Item"])] = given["Item"]
            return {}
        check, *puts = given["TransactItems"]
        held = check["ConditionCheck"]
        self._require(held, held["Key"], "TransactionCanceledException")
        for put in (each["Put"] for each in puts):
            if "ConditionExpression" in put:
                self._require(put, put["Item"], "TransactionCanceledException")
        for put in (each["Put"] for each in puts):
            self._aws.items[_key(put["Item"])] = put["Item"]
        return {}

    def _require(self, given: dict[str, Any], key: dict[str, Any], code: str) -> None:
        found = self._aws.items.get(_key(key))
        names = given["ExpressionAttributeNames"]
        if given["ConditionExpression"].startswith("attribute_not_exists"):
            holds = found is None
        else:
            pairs = [part.split(" = ") for part in given["ConditionExpression"].split(" AND ")]
            values = given["ExpressionAttributeValues"]
            holds = found is not None and all(found[names[n]] == values[v] for n, v in pairs)
        if not holds:
            raise AwsError(code, "refused", 400)

    def _ecr(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        assert operation == "DescribeImages"
        # The registry is another account's: whoever does not name it looks in its own.
        elsewhere = given.get("registryId") != REGISTRY.partition(".")[0]
        if elsewhere or given["repositoryName"] in self._aws.missing_repositories:
            raise AwsError("RepositoryNotFoundException", "refused", 400)
        assert given["repositoryName"].startswith("lambda-fleet/")
        if given["imageIds"][0]["imageDigest"] not in self._aws.images:
            raise AwsError("ImageNotFoundException", "refused", 400)
        return {}

    def _publish(self, body: bytes) -> Answer:
        if "Publish" in self._aws.refused:
            return self._aws.refused["Publish"]
        self._aws.messages.append({k: v[0] for k, v in parse_qs(body.decode()).items()})
        return Answer(200, {}, b"<PublishResponse/>")

    # Lambda.

    def _GetAlias(self, function: Function, *_: Any) -> Answer:  # noqa: N802
        version, revision = function.live, function.revision
        if function.old_alias:
            version, revision = function.old_alias.pop(0)
        content: dict[str, Any] = {"FunctionVersion": version, "RevisionId": revision}
        if function.weights:
            content["RoutingConfig"] = {"AdditionalVersionWeights": function.weights}
        return answered(content)

    def _UpdateAlias(self, function: Function, _: str, given: dict[str, Any]) -> Answer:  # noqa: N802
        if given["RevisionId"] != function.revision:
            return refusal(412, "PreconditionFailedException")
        function.live = given["FunctionVersion"]
        function.weights = given["RoutingConfig"]["AdditionalVersionWeights"]
        function.revision = self._aws.new_revision()
        function.moves.append(function.live)
        return answered({"FunctionVersion": function.live, "RevisionId": function.revision})

    def _GetFunction(self, function: Function, qualifier: str, _: Any) -> Answer:  # noqa: N802
        found = function.versions.get(qualifier) if qualifier else function.latest
        if found is None:
            return refusal(404, "ResourceNotFoundException")
        content = answered(found.answer())
        if not qualifier and function.settling:
            function.settling -= 1
            if not function.settling:
                found.update, found.state = "Successful", "Active"
        return content

    def _UpdateFunctionCode(self, function: Function, _: str, given: dict[str, Any]) -> Answer:  # noqa: N802
        if given["RevisionId"] != function.latest.revision:
            return refusal(412, "PreconditionFailedException")
        if function.latest.update == "InProgress":
            return refusal(409, "ResourceConflictException")
        assert not given.get("DryRun")
        revision = self._aws.new_revision()
        if function.update_fails:
            reason, before = function.update_fails, function.latest.image
            function.latest = Config(before, update="Failed", reason=reason, revision=revision)
            return answered({})
        function.latest = Config(given["ImageUri"], revision=revision)
        if function.settling:
            function.latest.update = "InProgress"
        return answered({})

    def _Invoke(self, function: Function, qualifier: str, _: Any, kind: str) -> Answer:  # noqa: N802
        function.invoked.append((qualifier, kind))
        if qualifier in function.versions and function.versions[qualifier].state == "Inactive":
            function.versions[qualifier].state = "Pending"
            raise AwsError("ResourceNotReadyException", "refused", 502)
        return Answer(204 if kind == "DryRun" else 200, {}, b"{}")


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["function"]["S"], item["release_id"]["S"]


def answered(content: dict[str, Any]) -> Answer:
    return Answer(200, {}, json.dumps(content).encode())


def refusal(status: int, code: str) -> Answer:
    return Answer(status, {"x-amzn-errortype": code}, b"{}")
