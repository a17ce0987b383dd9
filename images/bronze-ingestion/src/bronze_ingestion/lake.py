"""The bronze bucket's raw objects: what the source sent, in one form of bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from function_kit.s3 import Changed

from bronze_ingestion import schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from function_kit.s3 import Bucket, Entry, Stored

JSON: Final = "application/json"
_OVER: Final = timedelta(hours=36)
"""After the beginning of a day, UTC, its last game has ended on the west coast, too."""


class Schedule(NamedTuple):
    """A day's schedule as it is kept.

    Attributes:
        games: The ids of its games, in ascending order.
        etag: Of the object, without quotes.
        final: Whether it was fetched after the day's last game.
    """

    games: tuple[str, ...]
    etag: str
    final: bool


def encoded(document: Any) -> bytes:
    """A document as it is kept: the same bytes for the same content.

    `meta.time`, the moment of the answer, is left out: fetched again, a game is the same game.
    """
    meta = document.get("meta") if isinstance(document, dict) else None
    if isinstance(meta, dict):
        lasting = {name: value for name, value in meta.items() if name != "time"}
        document = {**document, "meta": lasting}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def is_over(day: date, moment: datetime) -> bool:
    """Whether a day's last game has ended."""
    return moment >= datetime(day.year, day.month, day.day, tzinfo=UTC) + _OVER


def schedule_key(day: date) -> str:
    """Where a day's schedule is."""
    return f"raw/schedule/{day}/data.json"


def box_key(day: date, game_id: str) -> str:
    """Where a box score is."""
    return f"raw/box/{day}/{game_id}.json"


class Lake:
    """Reads and writes raw objects."""

    def __init__(self, bucket: Bucket, clock: Callable[[], datetime]) -> None:
        """Take the bucket, and what tells the time in UTC."""
        self._bucket = bucket
        self._clock = clock

    def schedule(self, day: date) -> Schedule | None:
        """A day's schedule; None when there is none, or none that can be read.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        stored = self._bucket.read(schedule_key(day))
        document = _document(stored)
        if stored is None or not schedules.validate(document, day).valid:
            return None
        return Schedule(schedules.games(document), stored.etag.strip('"'), _is_final(stored, day))

    def boxes(self, day: date) -> dict[str, str]:
        """The day's box scores: ETags, without quotes, by game id, ascending.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        return {_game(entry): entry.etag.strip('"') for entry in self._boxes(day)}

    def settled_boxes(self, day: date) -> set[str]:
        """The games whose box score need not be fetched.

        One from before the day was over may be of half a game: when the day is over it is
        fetched again.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        return {
            _game(entry)
            for entry in self._boxes(day)
            if self._settled(day, datetime.fromisoformat(entry.modified))
        }

    def has_settled_box(self, day: date, game_id: str) -> bool:
        """Whether a game is one of those.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        stored = self._bucket.read(box_key(day, game_id))
        return stored is not None and self._settled(day, parsedate_to_datetime(stored.modified))

    def put_schedule(self, day: date, document: Any) -> None:
        """Keep a day's schedule, unless the same is kept already after the day was over.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        self._put("schedule", schedule_key(day), day, document)

    def put_box(self, day: date, game_id: str, document: Any) -> None:
        """Keep a box score, unless the same is kept already after the day was over.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        self._put("box", box_key(day, game_id), day, document)

    def _boxes(self, day: date) -> Iterator[Entry]:
        return self._bucket.entries(f"raw/box/{day}/")

    def _settled(self, day: date, modified: datetime) -> bool:
        return is_over(day, modified) or not is_over(day, self._clock())

    def _put(self, entity: str, key: str, day: date, document: Any) -> None:
        body, metadata = encoded(document), _metadata(entity, day)
        try:
            # Most are new: no call is spent on looking first.
            self._bucket.put(key, body, JSON, metadata=metadata, replaces="")
        except Changed:
            stored = self._bucket.read(key)
            if stored is None or stored.body != body or not _is_final(stored, day):
                self._bucket.put(key, body, JSON, metadata=metadata)


def _metadata(entity: str, day: date) -> dict[str, str]:
    return {"entity": entity, "date": day.isoformat(), "format": "json"}


def _document(stored: Stored | None) -> Any:
    try:
        return None if stored is None else json.loads(stored.body)
    except ValueError:
        return None


def _game(entry: Entry) -> str:
    return entry.key.rpartition("/")[2].removesuffix(".json")


def _is_final(stored: Stored, day: date) -> bool:
    return is_over(day, parsedate_to_datetime(stored.modified))
