"""Tells the layer above what is there: `_metadata/summary.json`, written last."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from function_kit.s3 import Changed

from bronze_ingestion.lake import JSON
from bronze_ingestion.models import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from function_kit.s3 import Bucket

    from bronze_ingestion.lake import Lake
    from bronze_ingestion.quarantine import Quarantine
    from bronze_ingestion.state import State

KEY: Final = "_metadata/summary.json"
KEPT: Final = 200  # dates that changed last
_MAX_CONTENTION: Final = 50

type Entry = dict[str, Any]


class AnnouncementError(Exception):
    """The summary could not be written: too many others write it."""


class Announcement:
    """Keeps the summary true."""

    def __init__(
        self,
        bucket: Bucket,
        state: State,
        lake: Lake,
        quarantine: Quarantine,
        clock: Callable[[], datetime],
    ) -> None:
        """Take what the summary tells of, and what tells the time in UTC."""
        self._bucket = bucket
        self._state = state
        self._lake = lake
        self._quarantine = quarantine
        self._clock = clock

    def tell(self, day: date) -> Entry:
        """See what there is of a date and, if that has changed, say so.

        Returns:
            What there is, as in the summary.

        Raises:
            AwsError: S3 or DynamoDB refused or could not answer.
            AnnouncementError: The summary could not be written for the crowd.
        """
        key = f"announced#{day}"
        known = self._state.get(key)
        entry = self._entry(day)
        if known.get("digest") == _digest(entry):
            return entry
        entry = self._write(day)
        if self._state.swap(key, known, {"digest": _digest(entry)}) is not None:
            # Which of two notes is of the later summary, nobody knows: the next run looks.
            self._state.put(key, {"digest": ""})
        return entry

    def _entry(self, day: date) -> Entry:
        schedule = self._lake.schedule(day)
        planned = () if schedule is None else schedule.games
        boxes = self._lake.boxes(day)
        games = [game for game in planned if game in boxes]
        missing = [game for game in planned if game not in boxes]
        refused = {
            record.subject.name: record.fault
            for record in self._quarantine.open(day)
            if record.subject.name in missing or (schedule is None and not record.subject.game_id)
        }
        return {
            "complete": schedule is not None and not missing,
            "games": games,
            "schedule_etag": None if schedule is None else schedule.etag,
            "box_etags": {game: boxes[game] for game in games},
            "missing": missing,
            "quarantined": dict(sorted(refused.items())),
        }

    def _write(self, day: date) -> Entry:
        for _ in range(_MAX_CONTENTION):
            stored = self._bucket.read(KEY)
            # After the summary was read: what was seen before may be older than what it tells.
            entry = self._entry(day)
            stats = _stats(None if stored is None else stored.body)
            told = stats["dates"].get(day.isoformat(), {})
            if {**told, "sequence": 0} == {**entry, "sequence": 0}:
                return entry  # a run was killed between the summary and its own note of it
            body = self._summary(stats, day, entry)
            try:
                etag = "" if stored is None else stored.etag
                self._bucket.put(KEY, body, JSON, replaces=etag)
            except Changed:
                continue
            return entry
        raise AnnouncementError("the summary could not be written: too many runs at once")

    def _summary(self, stats: dict[str, Any], day: date, entry: Entry) -> bytes:
        sequence = stats["sequence"] + 1
        dates = {**stats["dates"], day.isoformat(): {"sequence": sequence, **entry}}
        newest = sorted(dates, key=lambda name: dates[name]["sequence"])[-KEPT:]
        latest = [name for name in (stats["latest_date"], day.isoformat()) if name]
        summary = {
            "summary_version": "1.0",
            "generated_at": timestamp(self._clock()),
            "bronze_layer_stats": {
                "sequence": sequence,
                "latest_date": max(latest) if entry["games"] else stats["latest_date"],
                "dates": {name: dates[name] for name in sorted(newest)},
            },
        }
        return json.dumps(summary, separators=(",", ":")).encode()


def _digest(entry: Entry) -> str:
    return hashlib.sha256(json.dumps(entry).encode()).hexdigest()


def _stats(body: bytes | None) -> dict[str, Any]:
    if body is None:
        return {"sequence": 0, "latest_date": None, "dates": {}}
    stats: dict[str, Any] = json.loads(body)["bronze_layer_stats"]
    return stats
