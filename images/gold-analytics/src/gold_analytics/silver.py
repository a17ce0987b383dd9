"""The layer below: which days a season has, and what is in them.

A season's sums need all of its days. A day is read once for each execution environment and kept
by its ETag, 8 MB for a whole season, so that a run reads what changed and no more; one in a new
environment reads the season once, at the same time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from gold_analytics import days

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from function_kit.s3 import Bucket

    from gold_analytics.days import Day

_KEY: Final = re.compile(
    r"season=(?P<season>\d{4}-\d{2})/date=(?P<date>\d{4}-\d{2}-\d{2})/player_games\.parquet"
)


class Partition(NamedTuple):
    """A day's place."""

    season: str
    date: str


def partition(key: str) -> Partition | None:
    """Whose file it is; None for any other object."""
    found = _KEY.fullmatch(key)
    return None if found is None else Partition(found["season"], found["date"])


class Silver:
    """Reads the silver bucket."""

    def __init__(self, bucket: Bucket, calls: Executor) -> None:
        """Take the bucket and what reads at the same time."""
        self._bucket = bucket
        self._calls = calls
        self._season = ""
        self._known: dict[tuple[str, str], Day] = {}

    def check(self) -> None:
        """See that the bucket may be listed and read.

        Raises:
            AwsError: It may not, or S3 could not answer.
        """
        self._bucket.require()
        self._bucket.get("season=smoke/date=smoke/player_games.parquet")

    def sources(self, season: str) -> dict[str, str]:
        """The ETags of a season's files by date, ascending.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        entries = self._bucket.entries(f"season={season}/")
        found = ((partition(entry.key), entry.etag.strip('"')) for entry in entries)
        return {place.date: etag for place, etag in found if place is not None}

    def days(self, season: str, sources: Mapping[str, str]) -> list[Day]:
        """The days of these files, in their order.

        A file that was overwritten meanwhile is taken as it is now; its own notification follows.

        Raises:
            SchemaChangedError: One of them has a schema that is not known.
            AwsError: S3 refused or could not answer.
        """
        if season != self._season:
            self._season, self._known = season, {}
        self._known = {at: day for at, day in self._known.items() if sources.get(at[0]) == at[1]}
        unread = [at for at in sources.items() if at not in self._known]
        read = self._calls.map(lambda at: self._read(season, at[0]), unread)
        self._known |= zip(unread, read, strict=True)
        return [self._known[at] for at in sources.items()]

    def _read(self, season: str, date: str) -> Day:
        body = self._bucket.get(f"season={season}/date={date}/player_games.parquet")
        if body is None:
            raise days.SchemaChangedError(f"{date}: the file is gone")
        return days.read(date, body)
