"""A run: day after day, the schedule, then the box scores that are missing, then the summary.

A run does what it can at once. When the source's next slot is further away than it is worth to be
paid for waiting, it says where it stands, and the queue brings it back then. All that is lasting
is in the bucket: a run that is killed anywhere and begun again fetches what is not there yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from function_kit.logging import get_logger

from bronze_ingestion import schedules
from bronze_ingestion.asking import RETRIES
from bronze_ingestion.quarantine import Subject
from bronze_ingestion.verdict import Fault

if TYPE_CHECKING:
    from function_kit.deadline import Deadline
    from function_kit.metrics import Metrics

    from bronze_ingestion.announcement import Announcement, Entry
    from bronze_ingestion.asking import Asking, Reply
    from bronze_ingestion.freshness import Freshness
    from bronze_ingestion.lake import Lake, Schedule
    from bronze_ingestion.models import Run
    from bronze_ingestion.quarantine import Quarantine

log = get_logger()


class RunFailed(Exception):  # noqa: N818 - reaches callers as the error's type
    """Nothing of a day could be had: no valid schedule, or not one box score.

    Attributes:
        run: Where the run stood.
    """

    def __init__(self, message: str, run: Run) -> None:
        """Keep where the run stood."""
        super().__init__(message)
        self.run = run


@dataclass(frozen=True, slots=True)
class Services:
    """What a run works with."""

    asking: Asking
    lake: Lake
    quarantine: Quarantine
    announcement: Announcement
    freshness: Freshness
    metrics: Metrics


class Later(NamedTuple):
    """Where a run stands that goes on later.

    Attributes:
        run: What is to be done.
        seconds: When.
    """

    run: Run
    seconds: float


class Done(NamedTuple):
    """What became of the days that a run has ended.

    Attributes:
        games: How many games they have.
        lacking: Of how many the box score was refused, now or in an earlier run.
    """

    games: int = 0
    lacking: int = 0

    def with_day(self, run: Run, entry: Entry) -> Done:
        """And of one day more, of which this is told."""
        lacking = {*run.failed, *entry["missing"]}
        games = len(entry["games"]) + len(entry["missing"])
        return Done(self.games + games, self.lacking + len(lacking))


class Ingestion:
    """Brings runs forward."""

    def __init__(self, services: Services) -> None:
        """Take what a run works with."""
        self._services = services

    def advance(self, run: Run, deadline: Deadline) -> Later | Done:
        """Do what can be done now.

        Returns:
            The rest; or what became of it when all is done.

        Raises:
            RunFailed: Nothing of a day could be had.
            AwsError: S3 or DynamoDB refused or could not answer.
        """
        current: Run | None = run
        done = Done()
        while current is not None:
            if deadline.expired:
                return Later(current, 0.0)
            step: Run | Later | None
            if current.missing is None:
                step = self._schedule(current)
            elif current.missing:
                step = self._box_score(current, current.missing[0])
            else:
                done = done.with_day(current, self._finish(current))
                step = current.next_day()
            if isinstance(step, Later):
                return step
            current = step
        return done

    def plan(self, run: Run) -> list[str] | float:
        """The games that a run of one day would fetch; nothing is written.

        Returns:
            Their ids; or how many seconds to wait before the source can be asked.

        Raises:
            RunFailed: There is no valid schedule.
            AwsError: S3 or DynamoDB refused or could not answer.
        """
        kept = self._kept(run)
        if kept is not None:
            return self._missing(run, kept.games)
        reply = self._services.asking.ask(Subject("schedule", run.day))
        if isinstance(reply, float):
            return reply
        if not reply.verdict.valid:
            raise RunFailed(f"the schedule of {run.day} is refused: {_first(reply)}", run)
        return self._missing(run, schedules.games(reply.data))

    def _schedule(self, run: Run) -> Run | Later:
        kept = self._kept(run)
        if kept is not None:
            return _with(run, missing=self._missing(run, kept.games))
        subject = Subject("schedule", run.day)
        reply = self._services.asking.ask(subject)
        if isinstance(reply, float):
            return Later(run, reply)
        self._services.metrics.add("SourceRequests", 1)
        if not reply.verdict.valid:
            if self._again(run, subject, reply):
                return _with(run, tries=_counted(run, subject, reply))
            self._refuse(run, subject, reply)
            self._services.announcement.tell(run.day)
            raise RunFailed(f"the schedule of {run.day} is refused: {_first(reply)}", run)
        self._services.lake.put_schedule(run.day, reply.data)
        return _with(run, missing=self._missing(run, schedules.games(reply.data)))

    def _kept(self, run: Run) -> Schedule | None:
        """The schedule that need not be fetched."""
        if run.force:
            return None
        kept = self._services.lake.schedule(run.day)
        return kept if kept is not None and kept.final else None

    def _missing(self, run: Run, games: tuple[str, ...]) -> list[str]:
        there = self._settled(run)
        return [game for game in games if game not in there and game not in run.failed]

    def _settled(self, run: Run) -> set[str]:
        """The games that need not be fetched."""
        return set() if run.force else self._services.lake.settled_boxes(run.day)

    def _box_score(self, run: Run, game: str) -> Run | Later:
        rest = (run.missing or [])[1:]
        # A queue may deliver twice; two runs may be at the same day.
        if not run.force and self._services.lake.has_settled_box(run.day, game):
            return _with(run, missing=rest)
        subject = Subject("box", run.day, game)
        reply = self._services.asking.ask(subject)
        if isinstance(reply, float):
            return Later(run, reply)
        self._services.metrics.add("SourceRequests", 1)
        if reply.verdict.valid:
            self._services.lake.put_box(run.day, game, reply.data)
            self._services.metrics.add("BoxScoresLanded", 1)
            return _with(run, missing=rest, landed=run.landed + 1)
        if self._again(run, subject, reply):
            return _with(run, missing=[*rest, game], tries=_counted(run, subject, reply))
        self._refuse(run, subject, reply)
        return _with(run, missing=rest, failed=[*run.failed, game])

    def _again(self, run: Run, subject: Subject, reply: Reply) -> bool:
        """Whether it may come if it is asked for once more."""
        transient = reply.verdict.fault is Fault.TRANSIENT
        return reply.too_soon or (transient and run.tries.get(subject.name, 0) < RETRIES)

    def _refuse(self, run: Run, subject: Subject, reply: Reply) -> None:
        fault = reply.verdict.fault
        log.warning("refused", subject=subject.name, day=str(subject.day), fault=fault.value,
                    issues=len(reply.verdict.issues), first=_first(reply))  # fmt: skip
        if self._services.quarantine.add(subject, reply.data, reply.verdict, run.run_id):
            self._services.metrics.add("Quarantined", 1)
        if fault is Fault.SCHEMA_CHANGE:
            self._services.metrics.add("SchemaChanges", 1)

    def _finish(self, run: Run) -> Entry:
        entry = self._services.announcement.tell(run.day)
        log.info("day done", day=str(run.day), complete=entry["complete"], landed=run.landed,
                 games=len(entry["games"]), failed=len(run.failed))  # fmt: skip
        if run.failed and not run.landed and self._settled(run).isdisjoint(entry["games"]):
            text = f"not one of {len(run.failed)} box scores of {run.day} could be had"
            raise RunFailed(text, run)
        self._services.metrics.add("DaysDone", 1)
        return entry


def _with(run: Run, **changes: object) -> Run:
    return run.model_copy(update=changes)


def _counted(run: Run, subject: Subject, reply: Reply) -> dict[str, int]:
    tries = run.tries.get(subject.name, 0)
    return {**run.tries, subject.name: tries + (not reply.too_soon)}


def _first(reply: Reply) -> str:
    return reply.verdict.issues[0].text
