"""The gold bucket: objects that are written when they differ, and what a season is made of.

Two runs may be at one season. Each claims its dates in the season's state first, and writes every
object on the condition that it is as it was listed after that. The one that claimed last has seen
the latest silver; the other fails at the first object that they differ in, or when it wants to
say that it is done, and begins again.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from function_kit.s3 import Changed

from gold_analytics.artifacts import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from function_kit.s3 import Bucket

_JSON: Final = "application/json"
_SUFFIX: Final = ".json"
_NOTHING: Final = '"00000000000000000000000000000000"'  # an ETag that no object has


class State(msgspec.Struct, frozen=True):
    """What a season's objects are made of.

    Attributes:
        sources: ETags of silver's files by date.
        pending: Dates whose objects may be half written.
        schema_version: Of the objects.
    """

    sources: dict[str, str] = {}
    pending: tuple[str, ...] = ()
    schema_version: str = SCHEMA_VERSION


class Held(NamedTuple):
    """A state as it was read or written, and its ETag."""

    state: State
    etag: str


class Written(NamedTuple):
    """How many objects were written, deleted, and found to be so already."""

    written: int = 0
    deleted: int = 0
    unchanged: int = 0

    def __add__(self, other: object) -> Written:
        """Both together."""
        if not isinstance(other, Written):
            return NotImplemented
        return Written(*map(sum, zip(self, other, strict=True)))


class Gold:
    """Reads and writes the gold bucket."""

    def __init__(self, bucket: Bucket, calls: Executor) -> None:
        """Take the bucket and what writes at the same time."""
        self._bucket = bucket
        self._calls = calls

    def check(self) -> None:
        """See that the bucket may be listed and read, and objects be deleted.

        Raises:
            AwsError: It may not, or S3 could not answer.
        """
        self._bucket.require()
        self._bucket.get(_state_key("smoke"))
        # Of something that is not there: S3 says so, or no, and leaves no trace of it.
        for whose in ("player", "team"):
            with suppress(Changed):
                self._bucket.delete(f"{whose}_daily/smoke.json", _NOTHING)

    def state(self, season: str) -> Held:
        """What a season is made of; of nothing yet, if so.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        stored = self._bucket.read(_state_key(season))
        if stored is None:
            return Held(State(), "")
        state = msgspec.json.decode(stored.body, type=State)
        if state.schema_version != SCHEMA_VERSION:  # every object is to be written anew
            state = State(pending=tuple(state.sources))
        return Held(state, stored.etag)

    def settle(self, season: str, state: State, before: Held) -> Held:
        """Write what a season is made of.

        Raises:
            Changed: Somebody else did, after `before`.
            AwsError: S3 refused or could not answer.
        """
        if state == before.state and before.etag:
            return before
        body = msgspec.json.encode(state)
        etag = self._bucket.put(_state_key(season), body, _JSON, replaces=before.etag)
        return Held(state, etag)

    def known(self, folder: str) -> dict[str, str]:
        """The ETags of a folder's objects by resource URI.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        return {
            entry.key.removesuffix(_SUFFIX): entry.etag
            for entry in self._bucket.entries(f"{folder}/")
        }

    def bring(self, wanted: Mapping[str, bytes], known: Mapping[str, str]) -> Written:
        """Make a folder hold what is wanted, and nothing else.

        S3's ETag of an object that was put in one piece, encrypted with S3's own key, is the MD5
        of its bytes. Were it anything else, every object would be written each time.

        Args:
            wanted: Objects by resource URI.
            known: What `known` found there.

        Raises:
            Changed: An object is not what was found.
            AwsError: S3 refused or could not answer.
        """
        differing = {
            uri: body for uri, body in wanted.items() if known.get(uri, "").strip('"') != _md5(body)
        }
        writes = [(uri, body, known.get(uri, "")) for uri, body in differing.items()]
        list(self._calls.map(lambda write: self._put(*write), writes))
        gone = [(f"{uri}{_SUFFIX}", etag) for uri, etag in known.items() if uri not in wanted]
        list(self._calls.map(lambda each: self._bucket.delete(*each), gone))
        return Written(len(writes), len(gone), len(wanted) - len(writes))

    def read(self, uri: str) -> tuple[bytes, str]:
        """An object and its ETag; nothing and none when there is none.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        stored = self._bucket.read(f"{uri}{_SUFFIX}")
        return (b"", "") if stored is None else stored[:2]

    def replace(self, uri: str, body: bytes, etag: str) -> None:
        """Write an object that was read, or that was not there.

        Raises:
            Changed: It is not as it was read.
            AwsError: S3 refused or could not answer.
        """
        self._put(uri, body, etag)

    def _put(self, uri: str, body: bytes, etag: str) -> None:
        self._bucket.put(f"{uri}{_SUFFIX}", body, _JSON, replaces=etag)


def _state_key(season: str) -> str:
    return f"_state/{season}.json"


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


__all__ = ["Changed", "Gold", "Held", "State", "Written"]
