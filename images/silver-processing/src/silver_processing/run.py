"""One run: the days that changed below, each made into its file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from function_kit.logging import get_logger

from silver_processing import box_scores, rows, seasons, table
from silver_processing.bronze import Told, fingerprint
from silver_processing.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from function_kit.deadline import Deadline
    from function_kit.metrics import Metrics

    from silver_processing.bronze import Bronze, Raw, Summary
    from silver_processing.silver import Silver


class OutOfTimeError(Exception):
    """There are days left; what was made is kept, and the next run goes on from there."""


@dataclass
class Report:
    """What became of the days, each as `2024-11-15`."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the answer and the log."""
        return asdict(self)


class Run:
    """Makes silver of bronze. It may be cut off anywhere, and begun again."""

    def __init__(
        self, bronze: Bronze, silver: Silver, metrics: Metrics, deadline: Deadline
    ) -> None:
        """Take both layers, where to count, and when to begin no other day."""
        self._bronze = bronze
        self._silver = silver
        self._metrics = metrics
        self._deadline = deadline
        self._report = Report()
        self._refused: dict[str, str] = {}

    def catch_up(self) -> Report:
        """Make what the summary says has changed since the last run.

        Raises:
            Refused: The summary is not one that is understood.
            OutOfTimeError: There are days left.
            AwsError: S3 refused or could not answer.
        """
        summary, before = self._bronze.summary(), self._silver.progress()
        if summary is None:
            return self._report
        told = _since(summary, before.sequence)
        if told is None:  # more has changed than the summary holds
            get_logger().warning("summary_too_short", since=before.sequence)
            self._make(self._bronze.dates(), {})
        else:
            self._make(told, told)
        if self._report.left:
            raise OutOfTimeError(f"{len(self._report.left)} days are left")
        self._silver.advance(before, summary.bronze_layer_stats.sequence)
        return self._finished()

    def days(self, days: Iterable[date]) -> Report:
        """Make these days, refused or not; the report has those that there was no time for.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        self._make(days, {})
        return self._finished()

    def _make(self, days: Iterable[date], told: dict[date, Told]) -> None:
        self._refused = self._silver.refused()
        for day in days:
            if self._deadline.expired:
                self._report.left.append(day.isoformat())
            else:
                getattr(self._report, self._day(day, told.get(day))).append(day.isoformat())

    def _day(self, day: date, told: Told | None) -> str:
        """Make one day; return the report's word for what became of it."""
        source = "" if told is None else fingerprint(told.schedule_etag or "", told.box_etags)
        try:
            if told is not None and self._is_done(day, told, source):
                return "unchanged"
            raw = self._bronze.read(day)
            if raw is None or raw.missing:
                return "incomplete"
            source = raw.source
            written = self._write(day, raw)
        except Refused as refusal:
            self._refuse(day, refusal, source)
            return "refused"
        if day.isoformat() in self._refused:
            self._silver.accept(day)
        return "written" if written else "unchanged"

    def _is_done(self, day: date, told: Told, source: str) -> bool:
        if day.isoformat() in self._refused:
            return self._refused[day.isoformat()] == source
        return self._silver.made_of(_key(day, told.box_etags)) == source

    def _write(self, day: date, raw: Raw) -> bool:
        key = _key(day, raw.boxes)
        if self._silver.made_of(key) == raw.source:
            return False
        boxes = [box_scores.parse(body, game) for game, body in raw.boxes.items()]
        columns = rows.of(boxes, raw.hosts)
        body = table.parquet(columns, _season(day, raw.boxes), day)
        self._metrics.add("RowsWritten", len(columns["game_id"]))
        return self._silver.put(key, body, raw.source)

    def _refuse(self, day: date, refusal: Refused, source: str) -> None:
        get_logger().error(
            "date_refused", date=day.isoformat(), fault=refusal.fault, issues=refusal.issues[:10]
        )
        self._silver.refuse(day, refusal, source)
        self._metrics.add("DatesRefused", 1)
        if refusal.fault == "schema_change":
            self._metrics.add("SchemaChanges", 1)

    def _finished(self) -> Report:
        self._metrics.add("DatesWritten", len(self._report.written))
        counts = {name: len(days) for name, days in self._report.as_json().items()}
        get_logger().info("run_finished", **counts)
        return self._report


def _since(summary: Summary, sequence: int) -> dict[date, Told] | None:
    """Complete days above a sequence, ascending; None when some may have fallen out."""
    stats = summary.bronze_layer_stats
    if stats.sequence < sequence:  # bronze began anew
        sequence = 0
    kept = stats.dates.values()
    if len(kept) < stats.sequence - sequence and min(t.sequence for t in kept) > sequence + 1:
        return None
    return {
        day: told
        for day, told in sorted(stats.dates.items())
        if told.sequence > sequence and told.complete
    }


def _key(day: date, games: Iterable[str]) -> str:
    return table.key(_season(day, games), day)


def _season(day: date, games: Iterable[str]) -> str:
    """The season of a day's games.

    Raises:
        Refused: They are of several.
    """
    found = {seasons.season(game) for game in games}
    if len(found) > 1:
        raise Refused("data_quality", f"games of several seasons: {', '.join(sorted(found))}")
    return found.pop() if found else seasons.season_of_empty(day.isoformat())
