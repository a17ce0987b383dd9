"""The silver bucket: a day's file, what was refused, and how far bronze has been read."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from function_kit.s3 import Changed

from silver_processing.table import SCHEMA_VERSION

if TYPE_CHECKING:
    from datetime import date

    from function_kit.s3 import Bucket

    from silver_processing.refusal import Refused

PROGRESS: Final = "_metadata/progress.json"
REFUSED: Final = "_refused/"
NOTHING: Final = '"00000000000000000000000000000000"'
"""An ETag that no object has."""

_JSON: Final = "application/json"
_PARQUET: Final = "application/vnd.apache.parquet"


class Marker(msgspec.Struct):
    """Why there is nothing new of a day: kept until there is."""

    date: str
    error_classification: str
    issues: list[str]
    schema_version: str
    source: str


class Progress(NamedTuple):
    """Everything of bronze up to a sequence has been dealt with; `etag` is of the object."""

    sequence: int
    etag: str


class _Progress(msgspec.Struct):
    sequence: int


class Silver:
    """Reads and writes the silver bucket. Nothing is written that is there already."""

    def __init__(self, bucket: Bucket) -> None:
        """Take the bucket."""
        self._bucket = bucket

    def check(self) -> None:
        """See that the bucket may be listed and read, and marks be taken away.

        Raises:
            AwsError: It may not, or S3 could not answer.
        """
        self._bucket.require()
        self._bucket.get(PROGRESS)
        # Of something that is not there: S3 says so, or no, and leaves no trace of it.
        with suppress(Changed):
            self._bucket.delete(f"{REFUSED}smoke.json", NOTHING)

    def made_of(self, key: str) -> str | None:
        """What a file was made of; None when there is none.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        metadata = self._bucket.metadata(key)
        return None if metadata is None else metadata.get("source", "")

    def put(self, key: str, body: bytes, source: str) -> bool:
        """Write a day's file, unless these very bytes are there.

        Returns:
            Whether it was written.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        digest = hashlib.sha256(body).hexdigest()
        metadata = {"schema-version": SCHEMA_VERSION, "sha256": digest, "source": source}
        known = self._bucket.metadata(key)
        if known is not None and known.get("sha256") == digest:
            return False
        self._bucket.put(key, body, _PARQUET, metadata=metadata)
        return True

    def refused(self) -> dict[str, str]:
        """The days that are refused, and what was refused.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        markers = {}
        for entry in self._bucket.entries(REFUSED):
            body = self._bucket.get(entry.key)
            if body is not None:
                marker = msgspec.json.decode(body, type=Marker)
                markers[marker.date] = marker.source
        return markers

    def refuse(self, day: date, refusal: Refused, source: str) -> None:
        """Mark a day as refused; what was made of it before stays.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        issues = list(refusal.issues[:100])
        marker = Marker(day.isoformat(), refusal.fault, issues, SCHEMA_VERSION, source)
        body = msgspec.json.format(msgspec.json.encode(marker))
        self._bucket.put(f"{REFUSED}{day}.json", body, _JSON)

    def accept(self, day: date) -> None:
        """Take the mark away.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        self._bucket.delete(f"{REFUSED}{day}.json")

    def progress(self) -> Progress:
        """How far bronze has been read.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        stored = self._bucket.read(PROGRESS)
        if stored is None:
            return Progress(0, "")
        return Progress(msgspec.json.decode(stored.body, type=_Progress).sequence, stored.etag)

    def advance(self, before: Progress, sequence: int) -> None:
        """Note how far bronze has been read, unless somebody else has noted something since.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        if sequence == before.sequence:
            return
        body = msgspec.json.encode(_Progress(sequence))
        try:
            self._bucket.put(PROGRESS, body, _JSON, replaces=before.etag)
        except Changed:
            # By another run. What this one noted less is looked at once more, and found done.
            return
