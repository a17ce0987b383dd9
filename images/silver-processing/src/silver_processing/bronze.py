"""The layer below: what it says has changed, and a day's raw objects."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from silver_processing.refusal import Refused
from silver_processing.table import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    from function_kit.s3 import Bucket

SUMMARY: Final = "_metadata/summary.json"
_SCHEDULES: Final = "raw/schedule/"
_MAJOR: Final = "1."  # of the summary's version that is understood


class Told(msgspec.Struct):
    """What the summary says of a date: see bronze-ingestion's README."""

    sequence: int
    complete: bool
    schedule_etag: str | None = None
    box_etags: dict[str, str] = {}


class _Statistics(msgspec.Struct):
    sequence: int
    dates: dict[date, Told]


class Summary(msgspec.Struct):
    """What bronze tells the layer above."""

    summary_version: str
    bronze_layer_stats: _Statistics


class _Table(msgspec.Struct, rename="camel"):
    headers: list[str]
    row_set: list[list[Any]]


class _Schedule(msgspec.Struct, rename="camel"):
    result_sets: list[_Table]


class Raw(NamedTuple):
    """A day's raw objects.

    Attributes:
        source: Which objects, as `fingerprint` has it.
        boxes: Box scores by game; a game of the schedule without one is not there.
        hosts: Who plays at home, by game, as far as the schedule says so.
        missing: Games of the schedule without a box score.
    """

    source: str
    boxes: dict[str, bytes]
    hosts: dict[str, int]
    missing: list[str]


def fingerprint(schedule_etag: str, box_etags: Mapping[str, str]) -> str:
    """Names what a file is made of: the raw objects, and the schema they were brought to."""
    parts = [SCHEMA_VERSION, schedule_etag, *(f"{k}={v}" for k, v in sorted(box_etags.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Bronze:
    """Reads the bronze bucket."""

    def __init__(self, bucket: Bucket, reads: Executor) -> None:
        """Take the bucket and what reads at the same time."""
        self._bucket = bucket
        self._reads = reads

    def check(self) -> None:
        """See that the bucket may be listed and read.

        Raises:
            AwsError: It may not, or S3 could not answer.
        """
        self._bucket.require()
        self._bucket.get(SUMMARY)

    def summary(self) -> Summary | None:
        """What bronze says now; None when it has said nothing yet.

        Raises:
            Refused: It is of another version.
            AwsError: S3 refused or could not answer.
        """
        body = self._bucket.get(SUMMARY)
        if body is None:
            return None
        try:
            summary = msgspec.json.decode(body, type=Summary)
        except msgspec.DecodeError as error:
            raise Refused("schema_change", f"{SUMMARY}: {error}") from None
        if not summary.summary_version.startswith(_MAJOR):
            raise Refused("schema_change", f"{SUMMARY} is not of version {_MAJOR}x")
        return summary

    def dates(self) -> Iterator[date]:
        """Every day that has a schedule, ascending.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        for entry in self._bucket.entries(_SCHEDULES):
            name = entry.key.removeprefix(_SCHEDULES).partition("/")[0]
            try:
                yield date.fromisoformat(name)
            except ValueError:
                continue

    def read(self, day: date) -> Raw | None:
        """A day's objects; None when there is no schedule.

        Raises:
            Refused: The schedule is none.
            AwsError: S3 refused or could not answer.
        """
        schedule = self._bucket.read(f"{_SCHEDULES}{day}/data.json")
        if schedule is None:
            return None
        hosts = _hosts(schedule.body)
        games = sorted(hosts)
        read = self._reads.map(self._bucket.read, [f"raw/box/{day}/{game}.json" for game in games])
        stored = dict(zip(games, read, strict=True))
        found = {game: each for game, each in stored.items() if each is not None}
        etags = {game: each.etag.strip('"') for game, each in found.items()}
        return Raw(
            fingerprint(schedule.etag.strip('"'), etags),
            {game: each.body for game, each in found.items()},
            {game: host for game, host in hosts.items() if host is not None},
            [game for game in games if game not in found],
        )


def _hosts(body: bytes) -> dict[str, int | None]:
    """Each game of the schedule, with who is at home: `LAL vs. SAS` is, `SAS @ LAL` is not."""
    try:
        table = msgspec.json.decode(body, type=_Schedule).result_sets[0]
        rows = [dict(zip(table.headers, row, strict=True)) for row in table.row_set]
        hosts: dict[str, int | None] = {str(row["GAME_ID"]): None for row in rows}
        at_home = [row for row in rows if " vs. " in str(row.get("MATCHUP") or "")]
        hosts |= {str(row["GAME_ID"]): int(row["TEAM_ID"]) for row in at_home}
    except (msgspec.DecodeError, LookupError, ValueError, TypeError) as error:
        raise Refused("schema_change", f"the schedule: {type(error).__name__}: {error}") from None
    return hosts
