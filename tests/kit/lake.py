"""A lake of generated games: bronze as bronze-ingestion leaves it, silver and gold above it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from function_kit.deadline import Deadline
from function_kit.metrics import Metrics
from gold_analytics.gold import Gold
from gold_analytics.run import Run as GoldRun
from gold_analytics.silver import Silver as SilverBelow
from silver_processing.bronze import SUMMARY, Bronze
from silver_processing.run import Report
from silver_processing.run import Run as SilverRun
from silver_processing.silver import Silver
from standins import nba_shapes
from standins.nba_season import Game, Season

from tests.kit.bronze import Clock, Killed, MemoryBucket

__all__ = ["Killed"]

type Shape = Callable[[Game], Any]


@dataclass
class LakeBucket(MemoryBucket):
    """A bucket in memory that also keeps metadata and deletes."""

    clock: Clock = field(default_factory=Clock)

    def put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        *,
        metadata: Mapping[str, str] | None = None,
        replaces: str | None = None,
    ) -> str:
        kind = "application/vnd.apache.parquet" if key.endswith(".parquet") else "application/json"
        assert content_type == kind
        return super().put(key, body, "application/json", metadata=metadata, replaces=replaces)

    def metadata(self, key: str) -> dict[str, str] | None:
        return self.objects[key][1] if key in self.objects else None

    def delete(self, key: str, _etag: str | None = None) -> None:
        self.kill("before", len(self.writes))
        self.objects.pop(key, None)
        self.writes.append(key)
        self.kill("after", len(self.writes) - 1)


class AtOnce(Executor):
    """Does what it is given when it is given it, so that a death has its place in an order."""

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def encoded(document: Any) -> bytes:
    """JSON as bronze keeps it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


class Below:
    """Writes bronze, in any bucket: the function kit's or one in memory."""

    def __init__(self, bucket: Any, season: Season) -> None:
        self.bucket = bucket
        self.season = season
        self.sequence = 0
        self.dates: dict[str, Any] = {}

    def day(self, day: date, shape: Shape = nba_shapes.box_score, **told: Any) -> None:
        """A day's schedule and box scores, and the day in the summary, which is not written yet."""
        games = self.season.by_day.get(day, [])
        put = self.bucket.put
        schedule = encoded(nba_shapes.schedule(self.season, games))
        self.sequence += 1
        self.dates[day.isoformat()] = {
            "sequence": self.sequence,
            "complete": True,
            "games": [game.game_id for game in games],
            "schedule_etag": put(
                f"raw/schedule/{day}/data.json", schedule, "application/json"
            ).strip('"'),
            "box_etags": {
                game.game_id: put(
                    f"raw/box/{day}/{game.game_id}.json", encoded(shape(game)), "application/json"
                ).strip('"')
                for game in games
            },
            "missing": [],
            "quarantined": {},
            **told,
        }

    def tell(self, kept: int = 200) -> None:
        """The summary, with the dates that changed last."""
        newest = sorted(self.dates, key=lambda day: self.dates[day]["sequence"])[-kept:]
        stats = {
            "sequence": self.sequence,
            "latest_date": max(newest),
            "dates": {day: self.dates[day] for day in sorted(newest)},
        }
        summary = {"summary_version": "1.0", "generated_at": "2024-11-16T12:00:41Z"}
        body = encoded({**summary, "bronze_layer_stats": stats})
        self.bucket.put(SUMMARY, body, "application/json")

    def days(self, days: Iterable[date], shape: Shape = nba_shapes.box_score) -> None:
        for day in days:
            self.day(day, shape)
        self.tell()


class MemoryLake:
    """All three layers in memory, each function as if it were started anew for each run."""

    def __init__(self, season: Season) -> None:
        self.bronze, self.silver, self.gold = LakeBucket(), LakeBucket(), LakeBucket()
        self.below = Below(self.bronze, season)
        self.season = season
        self.calls = AtOnce()
        self.metrics = Metrics("LambdaFleet", "lake", "local")

    def silver_run(self, seconds: float = 300) -> SilverRun:
        bronze: Any = self.bronze
        silver: Any = self.silver
        deadline = Deadline.after(seconds)
        return SilverRun(Bronze(bronze, self.calls), Silver(silver), self.metrics, deadline)

    def make_silver(self) -> Report:
        return self.silver_run().catch_up()

    def gold_run(self, seconds: float = 300) -> GoldRun:
        silver: Any = self.silver
        gold: Any = self.gold
        below = SilverBelow(silver, self.calls)
        return GoldRun(below, Gold(gold, self.calls), self.metrics, Deadline.after(seconds))

    def artifact(self, uri: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.gold.objects[f"{uri}.json"][0])
        return found
