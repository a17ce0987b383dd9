"""What the functions say of themselves, asked for when their alias has changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from function_kit import functions
from function_kit.aws_errors import AwsError
from function_kit.handler import DESCRIBE
from function_kit.logging import get_logger
from function_kit.signed_api import code
from function_kit.sigv4 import encode

if TYPE_CHECKING:
    from function_kit.s3 import Bucket
    from function_kit.signed_api import SignedApi

FOLDER: Final = "descriptions"
_FAILED: Final = 400


@dataclass(frozen=True, slots=True)
class Description:
    """What one function says.

    Attributes:
        version: The version that said it.
        revision: The alias's, at that time; empty when another version than the alias's main
            one was asked, so that it is asked again.
        described_at: ISO 8601, in UTC.
        operations: By route key, OpenAPI's operation objects.
        schemas: By name.
        stale: Why it could not be asked now; empty when it was, or need not be.
    """

    version: str
    revision: str
    described_at: str
    operations: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    stale: str = ""


class Unusable(Exception):  # noqa: N818 - an answer, not a malfunction
    """The function answered, but not with a description; says what instead."""


def name_of(arn: str) -> str:
    """A function's name in its ARN."""
    return arn.split(":")[6]


class Descriptions:
    """The descriptions of functions, from memory, the bucket or the functions themselves."""

    def __init__(self, api: SignedApi, bucket: Bucket, own: str) -> None:
        """Take Lambda's API, where descriptions are kept, and this function's own name."""
        self._api = api
        self._bucket = bucket
        self._own = own
        self._known: dict[str, Description] = {}

    def of(self, arn: str) -> Description | None:
        """A function's description as it is now, or its last good one; None without either.

        Args:
            arn: The function's, with its alias.
        """
        if name_of(arn) == self._own:
            return _of_itself()
        known = self._known.get(arn) or self._stored(arn)
        try:
            found = self._current(arn, known)
        except (AwsError, Unusable) as problem:
            get_logger().exception("function_not_described", described=name_of(arn))
            return replace(known, stale=str(problem)) if known else None
        self._known[arn] = found
        return found

    def revision(self, arn: str) -> str:
        """Version and revision of the alias, which any change of it changes.

        Empty where nothing tells whether the function has changed.

        Raises:
            AwsError: It could not be read.
        """
        qualifier = arn.partition(f":{name_of(arn)}")[2].lstrip(":")
        if qualifier.isdecimal() or qualifier in {"", "$LATEST"}:
            # A version stays as it is; without a qualifier there is no telling what changed.
            return qualifier if qualifier.isdecimal() else ""
        path = functions.path(name_of(arn), f"/aliases/{encode(qualifier)}")
        answer = self._api.call("GET", path)
        if answer.status >= _FAILED:
            raise AwsError(code(answer), "reading an alias failed", answer.status)
        content = json.loads(answer.body)
        return f"{content['FunctionVersion']}/{content['RevisionId']}"

    def require_askable(self, arn: str) -> None:
        """For smoke tests: see that a function's alias may be read, and the function invoked.

        Raises:
            AwsError: One may not be.
        """
        if name_of(arn) != self._own:
            self.revision(arn)
            functions.require_invocable(self._api, arn)

    def _current(self, arn: str, known: Description | None) -> Description:
        revision = self.revision(arn)
        if known and revision and known.revision == revision:
            return known
        found = self._ask(arn, revision)
        self._keep(arn, found)
        return found

    def _ask(self, arn: str, revision: str) -> Description:
        answer = functions.invoke(self._api, arn, DESCRIBE)
        if answer.function_error:
            raise Unusable(f"it failed ({answer.function_error})")
        said = answer.payload.get("openapi") if isinstance(answer.payload, dict) else None
        if not isinstance(said, dict) or not {"operations", "schemas"} <= said.keys():
            raise Unusable("it does not describe itself")
        # A canary's other version may have answered.
        is_main = answer.version in {"", revision.partition("/")[0]}
        return Description(
            version=answer.version,
            revision=revision if is_main else "",
            described_at=datetime.now(UTC).isoformat(timespec="seconds"),
            operations=said["operations"],
            schemas=said["schemas"],
        )

    def _key(self, arn: str) -> str:
        return f"{FOLDER}/{name_of(arn)}.json"

    def _stored(self, arn: str) -> Description | None:
        try:
            content = self._bucket.get(self._key(arn))
            return Description(**json.loads(content)) if content else None
        except (AwsError, ValueError, TypeError):
            # It can be had from the function.
            get_logger().exception("description_not_read", described=name_of(arn))
            return None

    def _keep(self, arn: str, description: Description) -> None:
        content = json.dumps(asdict(description)).encode()
        try:
            self._bucket.put(self._key(arn), content, "application/json")
        except AwsError:
            # It is not lost: the next environment asks again.
            get_logger().exception("description_not_kept", described=name_of(arn))


@cache
def _of_itself() -> Description:
    """This function's own: it does not invoke itself."""
    from function_kit.openapi import described  # noqa: PLC0415 - as for every other function

    return Description("", "", "", **described("api_docs_generator.api"))
