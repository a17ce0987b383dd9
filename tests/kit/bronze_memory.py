"""What bronze-ingestion talks to, in memory, on a clock that only waiting moves.

The bucket, the table, the queue and the source have the real ones' semantics: conditional writes,
delays that end late, a ledger at the source.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from bronze_ingestion.models import Message
from bronze_ingestion.source import Answer
from function_kit.s3 import Changed, Entry, Stored
from standins import nba_shapes
from standins.nba import Behaviour
from standins.nba_season import Game, Season

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bronze_ingestion.models import Replay, Run
    from bronze_ingestion.state import Fields

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


class Killed(BaseException):
    """The function is gone, in the middle of what it did."""


class Clock:
    """A clock that stands still until somebody waits.

    Attributes:
        call_seconds: How long each call to AWS lasts.
        calls: How many there were.
    """

    def __init__(self, start: datetime = NOON) -> None:
        self.seconds = start.timestamp()
        self.slept = 0.0
        self.call_seconds = 0.0
        self.calls = 0

    def call(self) -> None:
        self.calls += 1
        self.seconds += self.call_seconds

    def time(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept += seconds


@dataclass
class MemoryBucket:
    """A bucket with S3's conditional writes. `kill` says before or after which write to die."""

    clock: Clock
    objects: dict[str, tuple[bytes, dict[str, str], datetime]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    kill: Callable[[str, int], None] = lambda _when, _number: None

    def read(self, key: str) -> Stored | None:
        self.clock.call()
        return self._stored(key)

    def _stored(self, key: str) -> Stored | None:
        if key not in self.objects:
            return None
        body, _, modified = self.objects[key]
        return Stored(body, _etag(body), format_datetime(modified, usegmt=True))

    def get(self, key: str) -> bytes | None:
        self.clock.call()
        return self.objects[key][0] if key in self.objects else None

    def put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        *,
        metadata: Mapping[str, str] | None = None,
        replaces: str | None = None,
    ) -> str:
        assert content_type == "application/json"
        self.kill("before", len(self.writes))
        self.clock.call()
        there = self._stored(key)
        if replaces is not None and replaces != (there.etag if there else ""):
            raise Changed(key)
        self.objects[key] = (body, dict(metadata or {}), self.clock.now())
        self.writes.append(key)
        self.kill("after", len(self.writes) - 1)
        return _etag(body)

    def entries(self, prefix: str, *, after: str = "") -> Iterator[Entry]:
        self.clock.call()
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > after:
                body, _, modified = self.objects[key]
                yield Entry(key, _etag(body), len(body), modified.isoformat())

    def content(self) -> dict[str, bytes]:
        """Every object's bytes."""
        return {key: body for key, (body, _, _) in self.objects.items()}


class MemoryState:
    """A table with DynamoDB's conditional writes."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.items: dict[str, Fields] = {}

    def get(self, key: str) -> Fields:
        self.clock.call()
        return dict(self.items.get(key, {}))

    def put(self, key: str, fields: Fields) -> None:
        self.clock.call()
        self.items[key] = dict(fields)

    def swap(self, key: str, known: Fields, fields: Fields) -> Fields | None:
        self.clock.call()
        if self.items.get(key, {}) != known:
            return dict(self.items[key])
        self.items[key] = dict(fields)
        return None


@dataclass
class MemorySource:
    """The source, with a ledger of when it was asked for what, and its answers' delay."""

    clock: Clock
    seasons: tuple[Season, ...]
    behaviour: Behaviour = field(default_factory=Behaviour)
    ledger: list[tuple[float, str, int]] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)

    def schedule(self, day: date) -> Answer:
        found = next((s for s in self.seasons if day in s.by_day), self.seasons[0])
        games = found.by_day.get(day, [])
        document = nba_shapes.schedule(found, games, self.behaviour.digits)
        return self._answer(f"schedule {day}", document)

    def box_score(self, game_id: str) -> Answer:
        if game_id in self.behaviour.missing:
            return self._answer(f"box {game_id}", None)
        shape = nba_shapes.older_box_score
        if self.behaviour.shape == "v3":
            shape = nba_shapes.box_score
        document = shape(self.game(game_id), self.behaviour.digits)
        if self.behaviour.shape == "changed":
            document = {"boxScore": {"id": game_id}}
        return self._answer(f"box {game_id}", document)

    def game(self, game_id: str) -> Game:
        return next(s.by_id[game_id] for s in self.seasons if game_id in s.by_id)

    def asked(self, what: str = "") -> list[str]:
        """What was asked for and answered, in order."""
        return [name for _, name, _ in self.ledger if name.startswith(what)]

    def _answer(self, what: str, document: Any) -> Answer:
        before = self.asked().count(what)
        status = self._status(what, before, document)
        self.ledger.append((self.clock.time(), what, status))
        self.clock.sleep(self.behaviour.latency)
        if status != 200:
            retry = self.behaviour.retry_after
            return Answer(None, f"the source answered {status}", status == 429,
                          None if retry is None or status != 429 else float(retry))  # fmt: skip
        body = self.answers.get(what) or json.dumps(document).encode()
        return Answer(body[:-500] if what.removeprefix("box ") in self.behaviour.broken else body)

    def _status(self, what: str, before: int, document: Any) -> int:
        limit, now = self.behaviour.rate_per_minute, self.clock.time()
        taken = [at for at, _, status in self.ledger if at > now - 60 and status != 429]
        if limit is not None and len(taken) >= limit:
            return 429
        if self.behaviour.status is not None or before < self.behaviour.fail_first:
            return self.behaviour.status or 500
        return 404 if document is None else 200


class MemoryQueue:
    """A queue whose delays end a little late, and not in order."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._clock = clock
        self._chance = random.Random(seed)
        self._waiting: list[tuple[float, int, str, int]] = []
        self._number = itertools.count()
        self.sent = 0

    def send(self, work: Run | Replay, seconds: float) -> None:
        self.sent += 1
        self._clock.call()
        body = Message(work=work).model_dump_json()
        self.again(body, min(900, math.ceil(seconds)), 1)

    def again(self, body: str, seconds: float, receives: int) -> None:
        at = self._clock.time() + seconds + self._chance.uniform(0, 0.3)
        heapq.heappush(self._waiting, (at, next(self._number), body, receives))

    def receive(self) -> dict[str, Any] | None:
        """The next message; the clock stands where it came."""
        if not self._waiting:
            return None
        at, number, body, receives = heapq.heappop(self._waiting)
        self._clock.seconds = max(self._clock.seconds, at)
        attributes = {"ApproximateReceiveCount": str(receives)}
        return {"messageId": str(number), "body": body, "attributes": attributes}


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
