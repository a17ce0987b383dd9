"""The bronze bucket's raw objects: what the source sent, in one form of bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bronze_ingestion import schedules

if TYPE_CHECKING:
    from datetime import date

    from function_kit.s3 import Bucket, Stored

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


def schedule_key(day: date) -> str:
    """Where a day's schedule is."""
    return f"raw/schedule/{day}/data.json"


def box_key(day: date, game_id: str) -> str:
    """Where a box score is."""
    return f"raw/box/{day}/{game_id}.json"


class Lake:
    """Reads and writes raw objects."""

    def __init__(self, bucket: Bucket) -> None:
        """Take the bucket."""
        self._bucket = bucket

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
        prefix = f"raw/box/{day}/"
        return {
            entry.key.removeprefix(prefix).removesuffix(".json"): entry.etag.strip('"')
            for entry in self._bucket.entries(prefix)
        }

    def has_box(self, day: date, game_id: str) -> bool:
        """Whether there is a box score.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        return self._bucket.has(box_key(day, game_id))

    def put_schedule(self, day: date, document: Any) -> None:
        """Keep a day's schedule, unless the same is kept already after the day was over.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        key, body = schedule_key(day), encoded(document)
        stored = self._bucket.read(key)
        if stored is None or stored.body != body or not _is_final(stored, day):
            self._bucket.put(key, body, JSON, metadata=_metadata("schedule", day))

    def put_box(self, day: date, game_id: str, document: Any) -> None:
        """Keep a box score.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        metadata = _metadata("box", day)
        self._bucket.put(box_key(day, game_id), encoded(document), JSON, metadata=metadata)


def _metadata(entity: str, day: date) -> dict[str, str]:
    return {"entity": entity, "date": day.isoformat(), "format": "json"}


def _document(stored: Stored | None) -> Any:
    try:
        return None if stored is None else json.loads(stored.body)
    except ValueError:
        return None


def _is_final(stored: Stored, day: date) -> bool:
    over = datetime(day.year, day.month, day.day, tzinfo=UTC) + _OVER
    return parsedate_to_datetime(stored.modified) >= over
