"""Tries what was refused again, one record at a time.

What was refused is checked first as it is: validation may have been mended since. If it is still
refused the source is asked, for it may have been mended there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bronze_ingestion.asking import RETRIES, Reply, validate
from bronze_ingestion.lake import is_over
from bronze_ingestion.models import Run
from bronze_ingestion.quarantine import Status
from bronze_ingestion.verdict import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from bronze_ingestion.ingestion import Services
    from bronze_ingestion.models import Replay
    from bronze_ingestion.quarantine import Quarantine, Record, Subject


class Next(NamedTuple):
    """What follows from a replay.

    Attributes:
        work: The same record again, or a run of the day whose schedule has landed.
        seconds: When.
    """

    work: Replay | Run
    seconds: float


def chosen(
    quarantine: Quarantine, days: tuple[date, date] | None, classes: Iterable[str]
) -> Iterator[Record]:
    """The records that may be replayed.

    Args:
        quarantine: All records.
        days: The first and the last day; None for all.
        classes: Of what is wrong; none for all.

    Raises:
        AwsError: S3 refused or could not answer.
    """
    wanted = frozenset(classes)
    for record in quarantine.records():
        if record.status is Status.RESOLVED or (wanted and record.fault not in wanted):
            continue
        if days is None or days[0] <= record.subject.day <= days[1]:
            yield record


class Replays:
    """Replays records."""

    def __init__(self, services: Services) -> None:
        """Take what a run works with."""
        self._services = services

    def advance(self, replay: Replay, request_id: str) -> Next | None:
        """Try one record again.

        Returns:
            What is still to be done; None for nothing.

        Raises:
            AwsError: S3 or DynamoDB refused or could not answer.
        """
        record = self._services.quarantine.read(replay.key)
        if record is None:
            return None
        if record.status is Status.RESOLVED:
            return _following(record, replay)  # killed, it may not have been sent
        found = self._data(record)
        if isinstance(found, float):
            return Next(replay, found)
        begun = self._services.quarantine.begin(record, request_id)
        if begun is None:
            return None
        return self._end(begun, found, replay)

    def _data(self, record: Record) -> Reply | str | float:
        """Valid data or what is wrong with it; that it is there already; or how long to wait."""
        subject = record.subject
        if self._landed(subject):
            return "it is there: it has landed since"
        # What came before the day was over may be of half a game.
        if is_over(subject.day, record.refused_at):
            verdict = validate(record.data, subject)
            if verdict.valid:
                return Reply(record.data, verdict)
        return self._services.asking.ask(subject)

    def _landed(self, subject: Subject) -> bool:
        lake = self._services.lake
        if subject.game_id is None:
            return lake.schedule(subject.day) is not None
        return lake.has_settled_box(subject.day, subject.game_id)

    def _end(self, begun: Record, found: Reply | str, replay: Replay) -> Next | None:
        quarantine, subject = self._services.quarantine, begun.subject
        if isinstance(found, Reply) and not found.verdict.valid:
            quarantine.end(begun, Status.FAILED, found.verdict.issues[0].text)
            self._services.metrics.add("ReplaysFailed", 1)
            again = replay.model_copy(update={"tries": replay.tries + (not found.too_soon)})
            transient = found.verdict.fault is Fault.TRANSIENT and again.tries <= RETRIES
            return Next(again, 0.0) if transient else None
        if isinstance(found, Reply):
            self._land(subject, found)
        # Before the end: a record that is resolved is not looked at again.
        self._services.announcement.tell(subject.day)
        quarantine.end(begun, Status.RESOLVED, "landed" if isinstance(found, Reply) else found)
        self._services.metrics.add("ReplaysResolved", 1)
        return _following(begun, replay)

    def _land(self, subject: Subject, reply: Reply) -> None:
        if subject.game_id is None:
            self._services.lake.put_schedule(subject.day, reply.data)
        else:
            self._services.lake.put_box(subject.day, subject.game_id, reply.data)


def _following(record: Record, replay: Replay) -> Next | None:
    """After a schedule, its games."""
    day = record.subject.day
    if record.subject.game_id is not None:
        return None
    return Next(Run(run_id=replay.run_id, day=day, last=day), 0.0)
