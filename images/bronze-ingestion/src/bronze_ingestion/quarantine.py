"""What was refused: one record for each thing, with its class, its state and who tried it again.

A record goes from `quarantined` to `replaying`, and from there to `resolved` or `failed`; what
failed can be replayed again. Every change is a write on the condition that the record is as it
was read, so that two who replay it do not get in each other's way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from function_kit.s3 import Changed

from bronze_ingestion.lake import JSON, encoded
from bronze_ingestion.models import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from function_kit.s3 import Bucket

    from bronze_ingestion.verdict import Verdict

PREFIX: Final = "quarantine/"
_LEASE: Final = timedelta(minutes=15)  # longer than an invocation can last
_TEXT: Final = 100_000  # characters of an answer that is not JSON


class Status(StrEnum):
    """Where a record stands."""

    QUARANTINED = "quarantined"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Subject:
    """What was refused.

    Attributes:
        data_type: `schedule` or `box`.
        day: The day it belongs to.
        game_id: The game; None for a schedule.
    """

    data_type: str
    day: date
    game_id: str | None = None

    @property
    def name(self) -> str:
        """The game's id, or `schedule`."""
        return self.game_id or self.data_type


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read.

    Attributes:
        key: Where it is.
        etag: Of what was read.
        content: The JSON document.
    """

    key: str
    etag: str
    content: dict[str, Any]

    @property
    def subject(self) -> Subject:
        """What was refused."""
        meta = self.content["metadata"]
        day = date.fromisoformat(meta["target_date"])
        return Subject(meta["data_type"], day, meta.get("game_id"))

    @property
    def status(self) -> Status:
        """Where it stands."""
        return Status(self.content["metadata"]["status"])

    @property
    def fault(self) -> str:
        """The class of what is wrong."""
        return str(self.content["metadata"]["error_classification"])

    @property
    def refused_at(self) -> datetime:
        """When it came, and was refused."""
        return datetime.fromisoformat(self.content["metadata"]["quarantined_at"])

    @property
    def data(self) -> Any:
        """What was refused; None when nothing came."""
        return self.content["data"]


class Quarantine:
    """The records in the bronze bucket."""

    def __init__(self, bucket: Bucket, clock: Callable[[], datetime]) -> None:
        """Take the bucket, and what tells the time in UTC."""
        self._bucket = bucket
        self._clock = clock

    def add(self, subject: Subject, data: Any, verdict: Verdict, request_id: str) -> bool:
        """Keep what was refused, unless the very same is kept and open already.

        Returns:
            Whether there is a new record.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        content = self._content(subject, data, verdict, request_id)
        known = (record.content["metadata"] for record in self.open(subject.day))
        if any(_same(content["metadata"], meta) for meta in known):
            return False
        metadata = {"data_type": subject.data_type, "issues_count": str(len(verdict.issues))}
        moment = self._clock()
        while True:
            try:
                key = _key(subject, moment)
                self._bucket.put(key, encoded(content), JSON, metadata=metadata, replaces="")
            except Changed:  # by somebody in the same microsecond
                moment += timedelta(microseconds=1)
            else:
                return True

    def open(self, day: date) -> Iterator[Record]:
        """The records of a day that are not resolved.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        return (
            record for record in self.records(_folder(day)) if record.status is not Status.RESOLVED
        )

    def records(self, prefix: str = PREFIX) -> Iterator[Record]:
        """The records under a prefix, in the order of their keys.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        for entry in self._bucket.entries(prefix):
            record = self.read(entry.key)
            if record is not None:
                yield record

    def read(self, key: str) -> Record | None:
        """A record; None when there is none.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        stored = self._bucket.read(key)
        return None if stored is None else Record(key, stored.etag, json.loads(stored.body))

    def begin(self, record: Record, request_id: str) -> Record | None:
        """Mark that it is being replayed.

        Returns:
            The record as it is now; None when it is resolved, or somebody else is at it.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        now = self._clock()
        attempts = [*record.content["attempts"]]
        if record.status is Status.RESOLVED:
            return None
        if record.status is Status.REPLAYING:
            if datetime.fromisoformat(attempts[-1]["started_at"]) > now - _LEASE:
                return None
            attempts[-1] = {**attempts[-1], "ended_at": timestamp(now), "outcome": "interrupted"}
        attempt = {"number": len(attempts) + 1, "started_at": timestamp(now),
                   "correlation_id": request_id}  # fmt: skip
        return self._write(record, Status.REPLAYING, [*attempts, attempt])

    def end(self, record: Record, outcome: Status, detail: str) -> Record | None:
        """Write down what became of the attempt that was begun.

        Returns:
            The record as it is now; None when somebody else took it over.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        *before, attempt = record.content["attempts"]
        ended = {"ended_at": timestamp(self._clock()), "outcome": outcome.value, "detail": detail}
        return self._write(record, outcome, [*before, {**attempt, **ended}])

    def _write(self, record: Record, status: Status, attempts: list[Any]) -> Record | None:
        metadata = {**record.content["metadata"], "status": status.value}
        content = {**record.content, "metadata": metadata, "attempts": attempts}
        kept = {
            "data_type": metadata["data_type"],
            "issues_count": str(record.content["validation_result"]["issues_count"]),
        }
        try:
            etag = self._bucket.put(
                record.key, encoded(content), JSON, metadata=kept, replaces=record.etag
            )
        except Changed:
            return None
        return Record(record.key, etag, content)

    def _content(
        self, subject: Subject, data: Any, verdict: Verdict, request_id: str
    ) -> dict[str, Any]:
        data = data[:_TEXT] if isinstance(data, str) else data
        return {
            "data": data,
            "validation_result": verdict.as_json(),
            "metadata": {
                "data_type": subject.data_type,
                "target_date": subject.day.isoformat(),
                "game_id": subject.game_id,
                "error_classification": verdict.fault.value,
                "status": Status.QUARANTINED.value,
                "quarantined_at": timestamp(self._clock()),
                "data_sha256": hashlib.sha256(encoded(data)).hexdigest(),
                "correlation_id": request_id,
            },
            "attempts": [],
        }


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    names = ("data_type", "game_id", "error_classification", "data_sha256")
    return all(one[name] == other[name] for name in names)


def _folder(day: date) -> str:
    return f"{PREFIX}year={day.year}/month={day.month:02d}/day={day.day:02d}/"


def _key(subject: Subject, moment: datetime) -> str:
    at = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return f"{_folder(subject.day)}{subject.data_type}/quarantine_{at}.json"
