"""What the function does with an event: begins a run or a replay, or goes on with one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from function_kit.deadline import Deadline
from function_kit.logging import get_logger

from bronze_ingestion import replays
from bronze_ingestion.ingestion import Done, Ingestion, Later, RunFailed
from bronze_ingestion.models import Event, Message, Parameters, Replay, Run
from bronze_ingestion.replays import Replays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from function_kit.deadline import RemainingTime

    from bronze_ingestion.ingestion import Services
    from bronze_ingestion.queue import Queue

ATTEMPTS = 3
"""How often a day is begun that failed as a whole."""
SKIPPED = 2
"""Days in a row that a run leaves behind; where a third fails it is the source, and all waits."""
LATER = 900.0
"""Seconds after which a day that was left behind is begun again."""
log = get_logger()


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation.

    Attributes:
        request_id: Its id.
        context: What knows the time that is left.
        reserve: Seconds kept back.
        clock: Seconds, monotonic.
    """

    request_id: str
    context: RemainingTime
    reserve: float
    clock: Callable[[], float] = time.monotonic

    @property
    def deadline(self) -> Deadline:
        """When nothing new is begun any more."""
        return Deadline.from_context(self.context, self.reserve, self.clock)


class Worker:
    """Does what an event asks for."""

    def __init__(self, services: Services, queue: Queue, clock: Callable[[], datetime]) -> None:
        """Take what the work needs, and what tells the time in UTC."""
        self._services = services
        self._ingestion = Ingestion(services)
        self._replays = Replays(services)
        self._queue = queue
        self._clock = clock

    def begin(self, event: Event, invocation: Invocation) -> dict[str, Any]:
        """Begin what somebody asks for.

        Returns:
            The answer.

        Raises:
            RunFailed: Nothing of the day could be had.
            AwsError: S3, SQS or DynamoDB refused or could not answer.
        """
        started = time.monotonic()
        asked = event.parameters
        first, last = asked.days(self._clock().date())
        log.info("begun", source=event.source, trigger=event.trigger_type, first=str(first),
                 last=str(last), replay=asked.replay, dry_run=asked.dry_run,
                 workflow_run_id=event.metadata.get("workflow_run_id"))  # fmt: skip
        if asked.days_back:
            self._look_back()
        if asked.replay:
            status, message = self._replay(asked, invocation)
        else:
            run = Run(run_id=invocation.request_id, day=first, last=last, force=asked.force_run)
            do = self._plan if asked.dry_run else self._run
            status, message = do(run, invocation)
        return {
            "status": status,
            "message": message,
            "target_date": first.isoformat(),
            "dry_run": asked.dry_run,
            "duration_seconds": round(time.monotonic() - started, 3),
            "correlation_id": invocation.request_id,
        }

    def records(self, event: Mapping[str, Any], invocation: Invocation) -> dict[str, Any]:
        """Go on with what is in the queue.

        Returns:
            The records to be delivered again.
        """
        failed = []
        for record in event["Records"]:
            try:
                self._go_on(record, invocation)
            except Exception as error:
                log.exception("message_failed", message_id=record.get("messageId"))
                self._services.metrics.add("RunsFailed", 1)
                if isinstance(error, RunFailed) and self._left_behind(error.run):
                    continue
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}

    def _look_back(self) -> None:
        """Once a day: how far gold is behind what the runs before have fetched."""
        behind = self._services.freshness.days_behind()
        if behind is not None:
            self._services.metrics.add("GoldDaysBehind", behind)
        self._services.metrics.add("ScheduledRuns", 1)

    def _run(self, run: Run, invocation: Invocation) -> tuple[str, str]:
        try:
            rest = self._ingestion.advance(run, invocation.deadline)
        except RunFailed as error:
            self._services.metrics.add("RunsFailed", 1)
            if not self._left_behind(error.run):
                raise
            log.exception("day_left_behind", day=str(error.run.day))
            return "accepted", f"{error}; it is tried again, and the days after it go on"
        if isinstance(rest, Done):
            return "success", _ended(rest)
        self._queue.send(rest.run, rest.seconds)
        left = len(rest.run.missing or ())
        what = f"{left} box scores of {rest.run.day}" if left else str(rest.run.day)
        more = f" and the days to {run.last}" if rest.run.day < run.last else ""
        return "accepted", f"{what}{more} follow by the queue, as the source's rate allows"

    def _left_behind(self, run: Run) -> bool:
        """Let the days after a failed one go on without it, if it has any and is an exception."""
        rest = run.next_day(run.skipped + 1)
        if rest is None or run.skipped >= SKIPPED:
            return False
        self._queue.send(run.again(run.day), LATER)
        self._queue.send(rest, 0)
        return True

    def _plan(self, run: Run, _invocation: Invocation) -> tuple[str, str]:
        if run.day < run.last:
            return "success", f"the days from {run.day} to {run.last} would be gone through"
        games = self._ingestion.plan(run)
        if isinstance(games, float):
            return "busy", f"the source can be asked in {games:.0f} s: ask again then"
        return "success", f"{len(games)} box scores would be fetched: {', '.join(games)}"

    def _replay(self, asked: Parameters, invocation: Invocation) -> tuple[str, str]:
        days = asked.days(self._clock().date()) if asked.date or asked.days_back else None
        found = list(replays.chosen(self._services.quarantine, days, asked.classes))
        if not asked.dry_run:
            for record in found:
                self._queue.send(Replay(run_id=invocation.request_id, key=record.key), 0)
        verb = "would be" if asked.dry_run else "will be"
        counted = {fault: sum(r.fault == fault for r in found) for fault in
                   sorted({record.fault for record in found})}  # fmt: skip
        classes = ", ".join(f"{count} {fault}" for fault, count in counted.items())
        text = f"{len(found)} records {verb} replayed" + (f": {classes}" if classes else "")
        return ("accepted" if found and not asked.dry_run else "success"), text

    def _go_on(self, record: Mapping[str, Any], invocation: Invocation) -> None:
        work = Message.model_validate_json(record["body"]).work
        if isinstance(work, Replay):
            next_ = self._replays.advance(work, invocation.request_id)
            if next_ is not None:
                self._queue.send(next_.work, next_.seconds)
            return
        delivered = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
        if delivered > 1 and work.failed and work.attempt < ATTEMPTS:
            work = work.again()
        rest = self._ingestion.advance(work, invocation.deadline)
        if isinstance(rest, Later):
            self._queue.send(rest.run, rest.seconds)


def _ended(done: Done) -> str:
    if not done.lacking:
        return "everything is there"
    were = "was" if done.lacking == 1 else "were"
    return f"done; {done.lacking} of {done.games} box scores {were} refused: see the quarantine"
