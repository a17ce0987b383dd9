"""The history of releases and its locks, as they lie in one DynamoDB table.

The operator's program and the release guard both read and write it, with different clients:
this module knows the items and the conditions of every write, and calls nothing.

Items, by `function` (hash) and `release_id` (range):

- a release: `release_id` begins with its UTC time, so that newest first is one query;
- a lock: `release_id` is `#lock`; kept when it is free, because its fencing token only grows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = Literal["started", "succeeded", "failed", "interrupted", "stopped"]
Kind = Literal["deploy", "rollback"]

LOCK_ID: Final = "#lock"
LATEST: Final = "$LATEST"
# Releases sort between these two; locks before them.
FIRST_ID: Final = "0"
LAST_ID: Final = "~"


@dataclass(frozen=True)
class Release:
    """One release or rollback of one function.

    Attributes:
        function: its folder's name.
        release_id: sorts by time.
        kind: deploy or rollback.
        state: started until its outcome is known; failed and put back; interrupted when it was
            killed before `live` had moved wholly; stopped when a rollback took over.
        tag: the image's tag; empty for a rollback by version.
        digest: the image's digest.
        previous_version: where `live` pointed before.
        previous_digest: the image of that version; empty before the first release.
        version: what `live` was to point at, or does; empty until it is published.
        passed: whether that version has passed its smoke event.
        strategy: how traffic was shifted: all-at-once, canary or linear.
        shares: the shares of traffic it went through, in percent, comma-separated.
        bake_seconds: how long each share was watched.
        actor: who ran it.
        run_id: what it shares with the other functions of one command.
        token: the fencing token of the lock that it was begun under, or claimed under by
            whoever found its process gone.
        reason: why it failed, or why it was done.
        audit: what it was told to overlook, such as an alarm that was firing.
        cold_ms: milliseconds of the new version's first answer; 0 when unknown.
        warm_ms: milliseconds of a later answer; 0 when unknown.
        steps: milliseconds of each step.
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
    passed: bool = False
    strategy: str = "all-at-once"
    shares: str = "100"
    bake_seconds: float = 0
    run_id: str = ""
    token: int = 0
    finished_at: str = ""
    reason: str = ""
    audit: str = ""
    cold_ms: float = 0
    warm_ms: float = 0
    steps: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lock:
    """Who may change a function.

    Attributes:
        run_id: the command that holds it; empty when it is free.
        kind: what that command does; a rollback may take over from a deploy.
        holder: who that is, for people: user, machine and process.
        since: when it was taken, ISO 8601.
        expires_at: seconds since the epoch after which anyone may take it.
        token: grows by one each time it changes hands.
        process: the holder's process, for whoever looks from the same machine.
    """

    function: str
    run_id: str = ""
    kind: Kind | Literal[""] = ""
    holder: str = ""
    since: str = ""
    expires_at: float = 0
    token: int = 0
    process: str = ""

    def is_free(self, now: float) -> bool:
        """Whether it can be taken at this second since the epoch."""
        return not self.run_id or self.expires_at <= now


def encode(item: Release | Lock) -> dict[str, Any]:
    """A record as a DynamoDB item."""
    values = asdict(item)
    if isinstance(item, Lock):
        values["release_id"] = LOCK_ID
    return {key: _encode(value) for key, value in values.items()}


def decode_release(item: Mapping[str, Any]) -> Release:
    """A release from its item; what a newer writer has added is left out."""
    return Release(**_decode_known(item, Release))


def decode_lock(item: Mapping[str, Any]) -> Lock:
    """A lock from its item."""
    return Lock(**_decode_known(item, Lock))


def key(function: str, release_id: str = LOCK_ID) -> dict[str, Any]:
    """The key of a release, or of the function's lock."""
    return {"function": {"S": function}, "release_id": {"S": release_id}}


def newest(table: str, function: str, limit: int) -> dict[str, Any]:
    """Parameters of the Query for a function's releases, newest first."""
    return {
        "TableName": table,
        "KeyConditionExpression": "#f = :f AND #r BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#f": "function", "#r": "release_id"},
        "ExpressionAttributeValues": {
            ":f": {"S": function},
            ":first": {"S": FIRST_ID},
            ":last": {"S": LAST_ID},
        },
        "ScanIndexForward": False,
        "Limit": limit,
        "ConsistentRead": True,
    }


def take(table: str, lock: Lock, seen: Lock | None) -> dict[str, Any]:
    """Parameters of the PutItem that takes, renews or frees a lock as it was last seen."""
    put: dict[str, Any] = {"TableName": table, "Item": encode(lock)}
    if seen is None:
        return put | {
            "ConditionExpression": "attribute_not_exists(#f)",
            "ExpressionAttributeNames": {"#f": "function"},
        }
    return put | {
        "ConditionExpression": "#t = :t AND #run = :run",
        "ExpressionAttributeNames": {"#t": "token", "#run": "run_id"},
        "ExpressionAttributeValues": {":t": {"N": str(seen.token)}, ":run": {"S": seen.run_id}},
    }


def begin(
    table: str, release: Release, lock: Lock, closing: Iterable[Release] = ()
) -> dict[str, Any]:
    """Parameters of the TransactWriteItems that writes an intent while the lock is held.

    Args:
        table: the table's name.
        release: the intent.
        lock: as it was taken or last renewed.
        closing: releases, with their new state, that this one takes over from. In the same
            write, so that whoever dies between the two leaves one of them open.
    """
    held = {
        "TableName": table,
        "Key": key(release.function),
        "ConditionExpression": "#t = :t AND #run = :run",
        "ExpressionAttributeNames": {"#t": "token", "#run": "run_id"},
        "ExpressionAttributeValues": {":t": {"N": str(lock.token)}, ":run": {"S": lock.run_id}},
    }
    puts = [{"TableName": table, "Item": encode(release)}, *(save(table, r) for r in closing)]
    return {"TransactItems": [{"ConditionCheck": held}, *({"Put": put} for put in puts)]}


def save(table: str, release: Release, seen_token: int | None = None) -> dict[str, Any]:
    """Parameters of the PutItem that rewrites a release which nobody else has closed.

    Args:
        table: the table's name.
        release: as it is to become.
        seen_token: its token so far, when the release takes another: whoever held that one
            can write it no more.
    """
    token = release.token if seen_token is None else seen_token
    return {
        "TableName": table,
        "Item": encode(release),
        "ConditionExpression": "#s = :started AND #t = :t",
        "ExpressionAttributeNames": {"#s": "state", "#t": "token"},
        "ExpressionAttributeValues": {
            ":started": {"S": "started"},
            ":t": {"N": str(token)},
        },
    }


def made_live(releases: Iterable[Release], version: str) -> Release | None:
    """The newest deploy that put a version live; releases come newest first."""
    deploys = _good(releases)
    return next((r for r in deploys if r.version == version != r.previous_version), None)


def previous(releases: Iterable[Release], live_version: str) -> Release | None:
    """The release to roll back to: of the version that was live before `live_version` was made.

    Not the newest other release: that may be one that was itself rolled away from. Rolling
    back twice goes two releases back. Only what is older than the live release counts: a
    function that was replaced counts its versions from 1 again.

    Args:
        releases: newest first.
        live_version: what `live` points at.
    """
    known = list(releases)
    current = made_live(known, live_version)
    if current is None or current.previous_version == LATEST:
        return None
    older = [r for r in _good(known) if r.release_id < current.release_id]
    return next((r for r in older if r.version == current.previous_version), None)


def by_tag(releases: Iterable[Release], tag: str) -> Release | None:
    """The newest good release of a tag."""
    return next((r for r in _good(releases) if r.tag == tag), None)


def by_digest(releases: Iterable[Release], digest: str) -> Release | None:
    """The newest good release of an image."""
    return next((r for r in _good(releases) if r.digest == digest), None)


def _good(releases: Iterable[Release]) -> list[Release]:
    return [r for r in releases if r.kind == "deploy" and r.state == "succeeded"]


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, dict):
        return {"M": {name: _encode(item) for name, item in value.items()}}
    if isinstance(value, (int, float)):
        # As DynamoDB gives it back: no zeros at the end.
        return {"N": f"{value:.3f}".rstrip("0").rstrip(".")}
    return {"S": str(value)}


def _decode(value: Mapping[str, Any]) -> Any:
    kind, content = next(iter(value.items()))
    if kind == "N":
        return int(content) if content.lstrip("-").isdigit() else float(content)
    if kind == "M":
        return {name: _decode(item) for name, item in content.items()}
    return content


def _decode_known(item: Mapping[str, Any], record: type[Release | Lock]) -> dict[str, Any]:
    known = {entry.name for entry in fields(record)}
    return {name: _decode(value) for name, value in item.items() if name in known}
