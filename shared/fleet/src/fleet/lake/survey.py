"""Which dates each layer has, what is missing between them, and what was refused."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleet.lake.buckets import Buckets

_SCHEDULE: Final = re.compile(r"raw/schedule/(\d{4}-\d{2}-\d{2})/data\.json")
_BOX: Final = re.compile(r"raw/box/(\d{4}-\d{2}-\d{2})/(\d{10})\.json")
_PARTITION: Final = re.compile(r".*/date=(\d{4}-\d{2}-\d{2})/.*\.parquet")
_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Survey:
    """What there is.

    Attributes:
        days: Days with a schedule, ascending.
        games: How many games each of them has, by day.
        boxes: How many box scores, by day.
        silver: Days in silver.
        gold: Days in gold's index.
        quarantine: Open records, by class.
        resolved: Records that are resolved.
    """

    days: list[str]
    games: dict[str, int]
    boxes: dict[str, int]
    silver: set[str]
    gold: set[str]
    quarantine: dict[str, int] = field(default_factory=dict)
    resolved: int = 0

    @property
    def played(self) -> list[str]:
        """Days with games."""
        return [day for day in self.days if self.games[day]]

    @property
    def complete(self) -> set[str]:
        """Days whose games all have a box score."""
        return {day for day in self.days if self.boxes.get(day, 0) >= self.games[day]}

    @property
    def incomplete(self) -> list[str]:
        """Days that lack box scores."""
        return [day for day in self.days if day not in self.complete]

    @property
    def absent(self) -> list[str]:
        """Days between the first and the last one without a schedule."""
        if not self.days:
            return []
        first, last = (date.fromisoformat(self.days[end]) for end in (0, -1))
        every = (first + timedelta(days=n) for n in range((last - first).days))
        return sorted({day.isoformat() for day in every} - set(self.days))

    def behind(self, layer: set[str], before: Iterable[str]) -> list[str]:
        """Days that a layer lacks and the layer before it has."""
        return sorted(set(before) - layer)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        whole = sorted(self.complete & set(self.played))
        return {
            "bronze": {
                "dates": len(self.days),
                "dates_with_games": len(self.played),
                "games": sum(self.games.values()),
                "box_scores": sum(self.boxes.values()),
                "first": self.days[0] if self.days else None,
                "last": self.days[-1] if self.days else None,
                "absent": self.absent,
                "incomplete": self.incomplete,
            },
            "silver": {"dates": len(self.silver), "behind": self.behind(self.silver, whole)},
            "gold": {"dates": len(self.gold), "behind": self.behind(self.gold, self.silver)},
            "quarantine": {"open": self.quarantine, "resolved": self.resolved},
        }


def survey(buckets: Buckets) -> Survey:
    """Look through all three layers."""
    days = _matches(_SCHEDULE, buckets.keys("bronze", "raw/schedule/"))
    boxes = Counter(_matches(_BOX, buckets.keys("bronze", "raw/box/")))
    index = buckets.document("gold", "index/latest.json") or {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        games = dict(zip(days, pool.map(lambda day: _games(buckets, day), days), strict=True))
        keys = list(buckets.keys("bronze", "quarantine/"))
        records = list(pool.map(lambda key: buckets.document("bronze", key), keys))
    states = [record["metadata"] for record in records if record]
    unresolved = [meta for meta in states if meta["status"] != "resolved"]
    return Survey(
        days=days,
        games=games,
        boxes=boxes,
        silver=set(_matches(_PARTITION, buckets.keys("silver"))),
        gold={day for season in index.get("seasons", {}).values() for day in season["dates"]},
        quarantine=dict(Counter(meta["error_classification"] for meta in unresolved)),
        resolved=len(states) - len(unresolved),
    )


def _matches(pattern: re.Pattern[str], keys: Iterable[str]) -> list[str]:
    return [found[1] for key in keys if (found := pattern.fullmatch(key))]


def _games(buckets: Buckets, day: str) -> int:
    """How many games a day's schedule has: it has a row for each team of each."""
    document = buckets.document("bronze", f"raw/schedule/{day}/data.json")
    table = document["resultSets"][0]
    place = table["headers"].index("GAME_ID")
    return len({row[place] for row in table["rowSet"]})
