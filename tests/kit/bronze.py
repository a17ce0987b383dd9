"""bronze-ingestion's own code with everything it talks to in memory: a season in seconds."""

from __future__ import annotations

import contextlib
import itertools
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from bronze_ingestion.announcement import Announcement
from bronze_ingestion.asking import Asking
from bronze_ingestion.freshness import Freshness
from bronze_ingestion.ingestion import Services
from bronze_ingestion.lake import Lake
from bronze_ingestion.models import Event
from bronze_ingestion.quarantine import Quarantine
from bronze_ingestion.rate import Limits, Rate
from bronze_ingestion.work import Invocation, Worker
from function_kit.metrics import Metrics
from standins.nba import Behaviour
from standins.nba_season import season

from tests.kit.bronze_memory import (
    Clock,
    Killed,
    MemoryBucket,
    MemoryQueue,
    MemorySource,
    MemoryState,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)


class Context:
    """Lambda's, on the clock."""

    def __init__(self, clock: Clock, seconds: float = 300) -> None:
        self._clock, self._end = clock, clock.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - self._clock.time()) * 1000)


class World:
    """bronze-ingestion, with everything it talks to in memory."""

    def __init__(self, *years: int, rounds: int = 82, per_minute: int = 30) -> None:
        self.clock = Clock()
        self.bucket = MemoryBucket(self.clock)
        self.gold = MemoryBucket(self.clock)
        self.state = MemoryState(self.clock)
        self.queue = MemoryQueue(self.clock)
        seasons = tuple(season(year, rounds=rounds) for year in years or (2024,))
        self.source = MemorySource(self.clock, seasons)
        self.rate_per_minute = per_minute
        self.patience = 0.2
        self.metrics = Metrics("LambdaFleet", "bronze-ingestion", "local")
        self.dead: list[dict[str, Any]] = []
        self.invocations = 0
        self.billed = 0.0
        self._requests = itertools.count(1)

    @property
    def first_day(self) -> date:
        return self.source.seasons[0].games[0].day

    @property
    def last_day(self) -> date:
        return max(self.source.seasons[0].by_day)

    def worker(self) -> Worker:
        """A new execution environment."""
        bucket: Any = self.bucket
        gold: Any = self.gold
        state: Any = self.state
        source: Any = self.source
        queue: Any = self.queue
        now = self.clock.now
        lake, quarantine = Lake(bucket, now), Quarantine(bucket, now)
        limits = Limits.of(self.rate_per_minute, 1.0 if self.rate_per_minute <= 60 else 0.0)
        rate = Rate(state, limits, self.patience, clock=self.clock.time, sleep=self.clock.sleep)
        services = Services(
            asking=Asking(source, rate),
            lake=lake,
            quarantine=quarantine,
            announcement=Announcement(bucket, state, lake, quarantine, self.clock.now),
            freshness=Freshness(bucket, gold),
            metrics=self.metrics,
        )
        return Worker(services, queue, self.clock.now)

    def invocation(self) -> Invocation:
        request_id = f"request-{next(self._requests)}"
        return Invocation(request_id, Context(self.clock), 45, self.clock.time)

    def ask(self, **parameters: Any) -> dict[str, Any]:
        """Invoke the function directly."""
        asked = {k: v.isoformat() if isinstance(v, date) else v for k, v in parameters.items()}
        event = Event.model_validate({"source": "test", "parameters": asked})
        with self._billing():
            return self.worker().begin(event, self.invocation())

    def run(self, **parameters: Any) -> dict[str, Any]:
        """Invoke it for the first day, and let the queue drive it to the end."""
        answer = self.ask(**({"date": self.first_day} | parameters))
        self.drain()
        return answer

    def behave(self, **behaviour: Any) -> None:
        """Let the source behave so, without a limit."""
        self.source.behaviour = Behaviour(rate_per_minute=None, **behaviour)

    @property
    def game_ids(self) -> list[str]:
        """The first day's games."""
        return [game.game_id for game in self.source.seasons[0].by_day[self.first_day]]

    @property
    def entry(self) -> dict[str, Any]:
        """What the layer above is told of the first day."""
        found: dict[str, Any] = self.summary()["dates"][str(self.first_day)]
        return found

    def drain(self, worker: Worker | None = None, receives: int = 3) -> None:
        """Let the queue drive the function until it is empty. Dead letters are kept."""
        worker = worker or self.worker()
        while (record := self.queue.receive()) is not None:
            try:
                with self._billing():
                    failures = worker.records({"Records": [record]}, self.invocation())
            except Killed:
                worker, failures = self.worker(), {"batchItemFailures": [record]}
            if failures["batchItemFailures"]:
                count = int(record["attributes"]["ApproximateReceiveCount"])
                if count >= receives:
                    self.dead.append(record)
                else:
                    self.queue.again(record["body"], 1800, count + 1)

    def records(self) -> list[dict[str, Any]]:
        """The quarantine's records."""
        keys = sorted(key for key in self.bucket.objects if key.startswith("quarantine/"))
        return [json.loads(self.bucket.objects[key][0]) for key in keys]

    def summary(self) -> dict[str, Any]:
        """What the layer above is told."""
        body = self.bucket.objects["_metadata/summary.json"][0]
        stats: dict[str, Any] = json.loads(body)["bronze_layer_stats"]
        return stats

    @contextlib.contextmanager
    def _billing(self) -> Iterator[None]:
        began = self.clock.time()
        self.invocations += 1
        try:
            yield
        finally:
            self.billed += self.clock.time() - began
