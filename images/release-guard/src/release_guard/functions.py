"""The part of Lambda's API that a rollback needs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.signed_api import code
from function_kit.sigv4 import encode

if TYPE_CHECKING:
    from function_kit.signed_api import Answer, SignedApi

    from release_guard.patience import Patience

LIVE: Final = "live"
LATEST: Final = "$LATEST"
OUTDATED: Final = "PreconditionFailedException"
BUSY: Final = "ResourceConflictException"
_MISSING = "ResourceNotFoundException"
_NO_CREDENTIALS = "NoCredentials"
_PATH = "/2015-03-31/functions/"
_FAILED = 400
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_SMOKE = b'{"test": true}'
# No function or alias has this revision, so a change that names it is refused and never made.
_NO_REVISION = "smoke-test"


@dataclass(frozen=True, slots=True)
class Alias:
    """Where `live` points."""

    version: str
    revision: str
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """A published version, or $LATEST.

    Attributes:
        image: By digest, as far as Lambda tells.
        state: Pending, Active, Inactive or Failed.
        update: InProgress, Successful or Failed.
    """

    image: str
    state: str
    update: str
    reason: str
    revision: str

    @property
    def digest(self) -> str:
        """sha256:… of its image; empty when it was set by tag."""
        return self.image.partition("@")[2]


class Functions:
    """The functions of one environment."""

    def __init__(self, api: SignedApi, prefix: str) -> None:
        """Take the names' prefix, such as `lambda-fleet-dev`."""
        self._api = api
        self._prefix = prefix

    def alias(self, function: str, patience: Patience) -> Alias:
        """Where `live` points; a read may be a few seconds old."""
        answer = self._call("GET", self._live(function), patience)
        weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return Alias(answer["FunctionVersion"], answer["RevisionId"], dict(weights))

    def move(self, function: str, alias: Alias, version: str, patience: Patience) -> None:
        """Give a version all traffic, if `live` is still as it was read.

        Raises:
            AwsError: `PreconditionFailedException`, it is not; or Lambda could not be used.
        """
        # Version and weights in one call: alone, the other would stay from before.
        body = {
            "FunctionVersion": version,
            "RoutingConfig": {"AdditionalVersionWeights": {}},
            "RevisionId": alias.revision,
        }
        self._call("PUT", self._live(function), patience, body)

    def version(self, function: str, number: str, patience: Patience) -> Version | None:
        """Describe a version; None when there is no such one."""
        qualifier = "" if number == LATEST else f":{number}"
        try:
            answer = self._call("GET", self._path(function, qualifier), patience)
        except AwsError as error:
            if error.code != _MISSING:
                raise
            return None
        return _version(answer["Configuration"], answer.get("Code", {}))

    def set_image(self, function: str, image: str, revision: str, patience: Patience) -> None:
        """Give $LATEST an image, if it is still as it was read.

        Raises:
            AwsError: `PreconditionFailedException`, it is not; `ResourceConflictException`,
                another update is under way; or Lambda could not be used.
        """
        body = {"ImageUri": image, "Publish": False, "RevisionId": revision}
        self._call("PUT", self._path(function) + "/code", patience, body)

    def wake(self, function: str, number: str) -> None:
        """Invoke a version that Lambda has put to sleep: it refuses, and gets it ready."""
        try:
            self._invoke(function, number, "RequestResponse", _SMOKE)
        except AwsError as error:
            # What counts is the version's state, and that is looked at next.
            if not _may_pass(error):
                raise

    def check(self, function: str, patience: Patience) -> None:
        """Use every permission that a rollback needs, and change nothing.

        Raises:
            AwsError: One is missing, or Lambda could not be used.
        """
        alias = self.alias(function, patience)
        latest = self.version(function, LATEST, patience)
        if latest is None:
            raise AwsError(_MISSING, f"looking for {function} failed")
        with _Allowed():
            self.move(function, Alias("", _NO_REVISION), alias.version, patience)
        with _Allowed():
            body = {"ImageUri": latest.image, "RevisionId": _NO_REVISION, "DryRun": True}
            self._call("PUT", self._path(function) + "/code", patience, body)
        with _Allowed():
            self._invoke(function, LIVE, "DryRun", b"{}")

    def _path(self, function: str, qualifier: str = "") -> str:
        return _PATH + encode(f"{self._prefix}-{function}{qualifier}")

    def _live(self, function: str) -> str:
        return f"{self._path(function)}/aliases/{LIVE}"

    def _invoke(self, function: str, qualifier: str, kind: str, payload: bytes) -> None:
        path = self._path(function, f":{qualifier}") + "/invocations"
        headers = {"x-amz-invocation-type": kind}
        answer = self._api.call("POST", path, headers=headers, body=payload)
        if answer.status >= _FAILED:
            raise AwsError(code(answer), "invoking a function failed", answer.status)

    def _call(
        self, method: str, path: str, patience: Patience, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Call the control plane, which lets an account do 15 things a second and no more."""
        content = json.dumps(body).encode() if body else b""
        headers = {"content-type": "application/json"} if body else {}
        failure = AwsError("NoAnswer", "calling Lambda failed")
        for _ in patience.attempts():
            try:
                answer = self._api.call(method, path, headers=headers, body=content)
            except AwsError as error:
                if not _may_pass(error):
                    raise
                failure = error
            else:
                return _content(answer)
        raise failure


class _Allowed:
    """A block whose call may be refused for what it names, or for an update under way.

    Whoever lacks the permission would have been told that instead.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        return isinstance(error, AwsError) and error.code in {OUTDATED, BUSY}


def _may_pass(error: AwsError) -> bool:
    if error.status:
        return error.status == _TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR
    return error.code != _NO_CREDENTIALS  # no answer came


def _content(answer: Answer) -> dict[str, Any]:
    if answer.status >= _FAILED:
        raise AwsError(code(answer), "calling Lambda failed", answer.status)
    content: dict[str, Any] = json.loads(answer.body)
    return content


def _version(configuration: dict[str, Any], image: dict[str, Any]) -> Version:
    resolved = image.get("ResolvedImageUri", "")
    return Version(
        image=resolved if "@" in resolved else image.get("ImageUri", ""),
        state=configuration.get("State", "Active"),
        update=configuration.get("LastUpdateStatus", "Successful"),
        reason=configuration.get("LastUpdateStatusReason") or configuration.get("StateReason", ""),
        revision=configuration.get("RevisionId", ""),
    )
