"""One season brought up to what silver has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_kit.logging import get_logger

from gold_analytics import artifacts, index
from gold_analytics.gold import Changed, State, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from function_kit.deadline import Deadline
    from function_kit.metrics import Metrics

    from gold_analytics.days import Day
    from gold_analytics.gold import Gold, Held
    from gold_analytics.silver import Silver

_ATTEMPTS = 5  # before another run is left to it


class OutOfTimeError(Exception):
    """There are dates left; what was written is kept, and the next run goes on from there."""


class BusyError(Exception):
    """Other runs were at the same season, again and again."""


class Run:
    """Makes gold of silver. It may be cut off anywhere, and begun again."""

    def __init__(self, silver: Silver, gold: Gold, metrics: Metrics, deadline: Deadline) -> None:
        """Take both layers, where to count, and when to begin no other date."""
        self._silver = silver
        self._gold = gold
        self._metrics = metrics
        self._deadline = deadline

    def season(self, season: str, *, every: bool = False) -> Written:
        """Bring a season up to date: the days that changed, its sums, and the index.

        Args:
            season: Such as `2024-25`.
            every: Look at every day, not only at those that changed.

        Raises:
            SchemaChangedError: Silver has a schema that is not known; nothing was written.
            OutOfTimeError: There are dates left.
            BusyError: Others are at it.
            AwsError: S3 refused or could not answer.
        """
        dirty: set[str] = set()
        for _ in range(_ATTEMPTS):
            try:
                return self._pass(season, dirty, every=every)
            except Changed:
                get_logger().info("season_shared", season=season)
        raise BusyError(f"season {season} was changed by others {_ATTEMPTS} times")

    def _pass(self, season: str, dirty: set[str], *, every: bool) -> Written:
        """One attempt; `dirty` gathers the dates that attempts have touched."""
        held = self._gold.state(season)
        sources = self._silver.sources(season)
        before = held.state.sources
        differing = {d for d in before.keys() | sources if before.get(d) != sources.get(d)}
        dirty |= differing | set(held.state.pending) | (set(sources) if every else set())
        if not dirty:
            return Written()
        days = self._silver.days(season, sources)
        held = self._gold.settle(season, _claim(held, dirty), held)
        written = self._dates(season, days, dirty, held)
        written += self._sums(season, days)
        written += self._index(season, days, sources)
        self._gold.settle(season, State(sources), held)
        self._count(season, written)
        return written

    def _dates(self, season: str, days: Sequence[Day], dirty: set[str], held: Held) -> Written:
        by_date = {day.date: day for day in days}
        written = Written()
        for place, date in enumerate(sorted(dirty)):
            if self._deadline.expired:
                left = sorted(dirty)[place:]
                self._gold.settle(season, State(held.state.sources, tuple(left)), held)
                raise OutOfTimeError(f"{len(left)} dates of {season} are left")
            known = self._known("daily", date)
            day = by_date.get(date)
            written += self._gold.bring(artifacts.of_day(season, day) if day else {}, known)
        return written

    def _sums(self, season: str, days: Sequence[Day]) -> Written:
        known = self._known("season", season)
        return self._gold.bring(artifacts.of_season(season, days), known)

    def _known(self, kind: str, when: str) -> dict[str, str]:
        return {
            uri: etag
            for whose in ("player", "team")
            for uri, etag in self._gold.known(f"{whose}_{kind}/{when}").items()
        }

    def _index(self, season: str, days: Sequence[Day], sources: dict[str, str]) -> Written:
        current, etag = self._gold.read(index.URI)
        body = index.with_season(current, season, days, sources)
        if body == current:
            return Written(unchanged=1)
        self._gold.replace(index.URI, body, etag)
        return Written(written=1)

    def _count(self, season: str, written: Written) -> None:
        self._metrics.add("ObjectsWritten", written.written)
        get_logger().info("season_finished", season=season, **written._asdict())


def _claim(held: Held, dirty: set[str]) -> State:
    return State(held.state.sources, tuple(sorted(dirty)))
