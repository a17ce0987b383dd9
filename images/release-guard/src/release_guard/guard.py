"""What happens between an alarm and `live` being back at the release before."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger
from function_kit.releases import Release

from release_guard import notice
from release_guard.decision import GoBack, Later, Leave, Situation, decide
from release_guard.history import TakenOver
from release_guard.rollback import CONSISTENCY, Impossible, Rollback, is_wholly_at
from release_guard.settings import NAME

if TYPE_CHECKING:
    from function_kit.releases import Lock

    from release_guard.alarm import Alarm
    from release_guard.functions import Alias
    from release_guard.patience import Patience
    from release_guard.services import Services

log = get_logger()


class Result(TypedDict):
    """What was done about an alarm, and why.

    Attributes:
        action: rolled-back, nothing, impossible, or drill.
        reason: For people.
        function: The function concerned; absent when the alarm is none of the guard's.
        from_version: What `live` pointed at.
        to_version: What it points at now; in a drill, what it would.
    """

    action: str
    reason: str
    function: NotRequired[str]
    from_version: NotRequired[str]
    to_version: NotRequired[str]


class Busy(Exception):  # noqa: N818 - what was found, not what went wrong
    """Somebody else holds the lock and may leave the release as it is; another attempt looks."""


class Guard:
    """Deals with one event."""

    def __init__(self, services: Services, patience: Patience) -> None:
        """Take the clients, and how much time there is."""
        self._services = services
        self._history = services.history
        self._patience = patience

    def handle(self, alarm: Alarm) -> Result:
        """Roll back the function whose error alarm went off, if a release is the reason.

        Raises:
            AwsError: AWS could not be used. Lambda delivers the event again, and that goes on
                where this attempt ended.
            NotSettled: The same: Lambda needs longer.
            Busy: The same: somebody holds the lock and has not begun to change anything.
        """
        function = alarm.function(self._services.settings)
        if function is None:
            return self._leave(f"{alarm.name} ({alarm.state}) is no guarded function's error alarm")
        decision = self._decide(function, alarm.run_id, alarm.at)
        if isinstance(decision, Later):
            raise Busy(decision.reason)
        if isinstance(decision, Leave):
            return self._leave(decision.reason, function)
        return self._with_lock(function, alarm)

    def drill(self, function: str) -> Result:
        """Tell the topic what would be done if the function's alarm went off now.

        Raises:
            AwsError: AWS could not be used, or the topic not be told.
        """
        now = datetime.fromtimestamp(self._history.now(), UTC)
        decision = self._decide(function, "drill", now)
        if isinstance(decision, Leave):
            reason = f"nothing would be done: {decision.reason}"
            result = Result(action="drill", reason=reason, function=function)
        else:
            result = _result("drill", decision, self._outlook(function, decision))
        self._services.topic.publish(notice.drill(self._prefix, function, result["reason"]))
        return result

    def _outlook(self, function: str, decision: GoBack) -> str:
        try:
            Rollback(self._services, function, self._patience).candidate(decision.target)
        except Impossible as error:
            return f"it could not be rolled back: {error}"
        return f"live would go back to version {decision.target.version}"

    def _decide(self, function: str, run_id: str, alarm_at: datetime) -> GoBack | Leave:
        releases = self._history.of(function)
        situation = Situation(
            releases=releases,
            lock=self._history.lock(function),
            alias=self._alias(function, releases),
            run_id=run_id,
            alarm_at=alarm_at,
            now=self._history.now(),
            window=self._services.settings.guard_window_seconds,
        )
        return decide(situation)

    def _alias(self, function: str, releases: list[Release]) -> Alias:
        """Where `live` points, also when it moved so lately that a read may not show it."""
        newest = next((r for r in releases if r.finished_at), None)
        ended = datetime.fromisoformat(newest.finished_at).timestamp() if newest else 0
        for _ in self._patience.attempts(ended + CONSISTENCY - self._history.now()):
            alias = self._services.functions.alias(function, self._patience)
            if newest is None or is_wholly_at(alias, newest.version):
                break
        return alias

    def _with_lock(self, function: str, alarm: Alarm) -> Result:
        holder, lease = f"{NAME} ({alarm.name})", self._patience.lease
        lock = self._history.take(function, alarm.run_id, holder, lease)
        if lock is None:
            return self._outrun(function, alarm)
        try:
            # Again, now that nobody else changes anything.
            decision = self._decide(function, alarm.run_id, alarm.at)
            if isinstance(decision, Leave):
                return self._leave(decision.reason, function)
            return self._go_back(decision, alarm, lock)
        except TakenOver:
            return self._leave("somebody else took it over", function)
        finally:
            with suppress(AwsError):  # it runs out by itself
                self._history.free(lock)

    def _outrun(self, function: str, alarm: Alarm) -> Result:
        """Somebody took the lock in this moment: for this very release, or for something else."""
        decision = self._decide(function, alarm.run_id, alarm.at)
        if isinstance(decision, Leave) and not isinstance(decision, Later):
            return self._leave(decision.reason, function)
        raise Busy(decision.reason if isinstance(decision, Later) else "somebody was quicker")

    def _go_back(self, decision: GoBack, alarm: Alarm, lock: Lock) -> Result:
        rollback = Rollback(self._services, lock.function, self._patience, lock)
        record = self._history.begin(decision.begun, lock) if decision.begun else None
        try:
            version = rollback.ready(decision.target)
            if record is None:
                closing = [self._closed(release, alarm) for release in decision.killed]
                record = self._history.begin(self._intent(decision, alarm), lock, closing)
            began = time.perf_counter()
            rollback.move(decision.bad, decision.target)
            moved = time.perf_counter()
            self._services.topic.tell(notice.moved(self._prefix, decision, record))
            rollback.restore_latest(version)
        except Impossible as error:
            return self._impossible(decision, record, error)
        steps = {"alias": moved - began, "$LATEST": time.perf_counter() - moved}
        return self._done(decision, replace(record, steps={k: v * 1e3 for k, v in steps.items()}))

    def _closed(self, killed: Release, alarm: Alarm) -> Release:
        reason = f"it was killed, and {alarm.name} went off"
        now = self._history.timestamp()
        return replace(killed, state="stopped", reason=reason, finished_at=now)

    def _intent(self, decision: GoBack, alarm: Alarm) -> Release:
        bad, target = decision.bad, decision.target
        now = datetime.fromtimestamp(self._history.now(), UTC)
        return Release(
            function=bad.function,
            release_id=f"{now:%Y%m%dT%H%M%S.%f}Z-{alarm.run_id[-6:]}",
            kind="rollback",
            state="started",
            tag=target.tag,
            digest=target.digest,
            previous_version=bad.version,
            previous_digest=bad.digest,
            actor=NAME,
            started_at=self._history.timestamp(),
            version=target.version,
            passed=True,
            reason=_reason(alarm, bad),
        )

    def _done(self, decision: GoBack, record: Release) -> Result:
        self._history.finish(record, "succeeded")
        self._services.metrics.add("RollbacksDone", 1)
        log.warning("rolled_back", function=record.function, reason=record.reason)
        return _result("rolled-back", decision, record.reason)

    def _impossible(self, decision: GoBack, record: Release | None, error: Impossible) -> Result:
        """Say that the alarm was reason enough, and that a person is needed."""
        if record is not None:
            self._history.finish(record, "failed", reason=f"{record.reason}; {error}")
        self._services.metrics.add("RollbacksImpossible", 1)
        log.error("rollback_impossible", function=decision.bad.function, reason=str(error))
        self._services.topic.tell(notice.impossible(self._prefix, decision, str(error)))
        return _result("impossible", decision, str(error))

    def _leave(self, reason: str, function: str = "") -> Result:
        self._services.metrics.add("AlarmsLeftAlone", 1)
        log.info("left_alone", function=function, reason=reason)
        result = Result(action="nothing", reason=reason)
        if function:
            result["function"] = function
        return result

    @property
    def _prefix(self) -> str:
        return self._services.settings.function_prefix


def _result(action: str, decision: GoBack, reason: str) -> Result:
    return Result(
        action=action,
        reason=reason,
        function=decision.bad.function,
        from_version=decision.bad.version,
        to_version=decision.target.version,
    )


def _reason(alarm: Alarm, bad: Release) -> str:
    since = "the release" if bad.finished_at else "the beginning of a release that was killed"
    began = datetime.fromisoformat(bad.finished_at or bad.started_at)
    after = (alarm.at - began).total_seconds()
    why = f": {alarm.reason}" if alarm.reason else ""
    return f"{alarm.name} went off {after:.0f} s after {since}{why}"
