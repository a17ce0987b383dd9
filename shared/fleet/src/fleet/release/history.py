"""The history of releases, in DynamoDB: intent before the first change, outcome after the last."""

from __future__ import annotations

import getpass
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from fleet.errors import FleetError

if TYPE_CHECKING:
    from fleet.environments import Environment

State = Literal["started", "succeeded", "failed", "interrupted"]
Kind = Literal["deploy", "rollback"]


@dataclass(frozen=True)
class Release:
    """One release of one function.

    Attributes:
        function: its folder's name.
        release_id: sorts by time.
        kind: deploy or rollback.
        state: started until its outcome is known; interrupted when it was killed.
        tag: the image's tag; empty for a rollback by version.
        digest: the image's digest.
        previous_version: where `live` pointed before.
        previous_digest: the image of that version; empty before the first release.
        version: what `live` was to point at, or does.
        actor: who ran it.
        reason: why it failed.
    """

    function: str
    release_id: str
    kind: Kind
    state: State
    tag: str
    digest: str
    previous_version: str
    previous_digest: str
    actor: str
    started_at: str
    version: str = ""
    finished_at: str = ""
    reason: str = ""
    steps: dict[str, float] = field(default_factory=dict)
    """Milliseconds of each step."""


def begin(  # noqa: PLR0913  the parts of an intent, each by name
    function: str,
    kind: Kind,
    *,
    tag: str,
    digest: str,
    previous_version: str,
    previous_digest: str,
    version: str = "",
) -> Release:
    """A release that is about to start."""
    now = datetime.now(UTC)
    return Release(
        function=function,
        release_id=f"{now:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(3)}",
        kind=kind,
        state="started",
        tag=tag,
        digest=digest,
        previous_version=previous_version,
        previous_digest=previous_digest,
        version=version,
        actor=os.environ.get("GITHUB_ACTOR") or getpass.getuser(),
        started_at=now.isoformat(timespec="milliseconds"),
    )


class History:
    """The releases table of one environment."""

    def __init__(self, environment: Environment, client: Any = None) -> None:
        self._table = environment.history_table
        self._environment = environment
        self._client = client or environment.client("dynamodb")

    def save(self, release: Release) -> None:
        """Write a release as it stands."""
        self._call("put_item", Item={key: _encode(value) for key, value in asdict(release).items()})

    def finish(self, release: Release, state: State, **changes: Any) -> Release:
        """Write a release's outcome."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        done = replace(release, state=state, finished_at=now, **changes)
        self.save(done)
        return done

    def of(self, function: str, limit: int = 50) -> list[Release]:
        """A function's releases, newest first."""
        answer = self._call(
            "query",
            KeyConditionExpression="#f = :f",
            ExpressionAttributeNames={"#f": "function"},
            ExpressionAttributeValues={":f": {"S": function}},
            ScanIndexForward=False,
            Limit=limit,
            ConsistentRead=True,
        )
        return [_release(item) for item in answer["Items"]]

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise FleetError(
                f"the history table {self._table} does not exist",
                f"run `make bootstrap ENV={self._environment.name}`: Terraform makes it",
            ) from error


def previous(releases: list[Release], live_version: str) -> Release | None:
    """The release to roll back to: of the version that was live before `live_version` was made.

    Not the newest other release: that may be one that was itself rolled away from. Rolling
    back twice goes two releases back.

    Args:
        releases: newest first.
        live_version: what `live` points at.
    """
    deploys = _good(releases)
    made = (r for r in deploys if r.version == live_version != r.previous_version)
    current = next(made, None)
    if current is None:
        return None
    return next((r for r in deploys if r.version == current.previous_version), None)


def by_tag(releases: list[Release], tag: str) -> Release | None:
    """The newest good release of a tag."""
    return next((r for r in _good(releases) if r.tag == tag), None)


def by_digest(releases: list[Release], digest: str) -> Release | None:
    """The newest good release of an image."""
    return next((r for r in _good(releases) if r.digest == digest), None)


def _good(releases: list[Release]) -> list[Release]:
    return [r for r in releases if r.kind == "deploy" and r.state == "succeeded"]


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"M": {key: _encode(item) for key, item in value.items()}}
    if isinstance(value, (int, float)):
        return {"N": str(round(value, 3))}
    return {"S": str(value)}


def _release(item: dict[str, Any]) -> Release:
    values = {key: value.get("S", "") for key, value in item.items() if key != "steps"}
    steps = item.get("steps", {}).get("M", {})
    return Release(**values, steps={key: float(value["N"]) for key, value in steps.items()})
