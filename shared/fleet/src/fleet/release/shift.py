"""Shifting traffic to a new version, and stopping when it proves worse than the old one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fleet.errors import ExitCode, FleetError
from fleet.release import smoke
from fleet.release.judge.evidence import Counts
from fleet.release.judge.verdict import Plan as JudgePlan
from fleet.release.judge.verdict import judge, top_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet.release.control import FunctionControl
    from fleet.release.heartbeat import Held
    from fleet.release.outcome import FunctionOutcome, Look
    from fleet.release.preflight import Plan
    from fleet.release.strategy import Options
    from fleet.release.told import Alias
    from fleet.release.tools import Tools

ALARM_POLL_SECONDS: Final = 15.0
_LOOK_SECONDS = 60.0
_MOST_LOOKS = 5  # for each share: more of them would leave each too little of alpha
_MOST_SMOKE_EVENTS = 500
_SMOKE_AT_ONCE = 10


@dataclass
class Shift:
    """One function's way from the old version to the new one.

    Attributes:
        alias: how `live` was last known to be.
        attempted: what `live` may be instead, because an answer never came.
        takes_over: whether another command may just be dying with a call on its way: then
            `live` may be found in any state.
    """

    tools: Tools
    control: FunctionControl
    plan: Plan
    options: Options
    held: Held
    outcome: FunctionOutcome
    refresh: Callable[[], None]
    alias: Alias
    takes_over: bool = False
    attempted: tuple[Alias, ...] = ()
    _smoked: Counts = field(default_factory=lambda: Counts(0, 0))
    _began: float = 0

    def to(self, version: str) -> None:
        """Bring all traffic to a version, through the shares of the strategy.

        The version that is live already has no shares to go through: Lambda publishes nothing
        new when only $LATEST was somebody's change and has now been set back.
        """
        if version == self.plan.alias.version:
            # Written all the same: weights end, and a move that a read did not show is found out.
            self._move(version, {}, 1.0)
            return
        *shares, _ = self.options.shares if not self.plan.is_first else (1.0,)
        self._began = self.tools.runner.now()
        for share in shares:
            self._move(self.plan.alias.version, {version: share}, share)
            self._watch(version, share)
        self._move(version, {}, 1.0)
        self._watch_alarms(self.plan.bake_seconds)

    def back(self) -> None:
        """Give the old version all traffic again; nothing when it was never taken from it."""
        if not self.attempted:
            return
        old = self.plan.alias.version
        self.alias = self.control.set_traffic(self.alias, old, {}, self._ours)
        self._note_weight(0.0)

    def _move(self, version: str, weights: dict[str, float], share: float) -> None:
        self.tools.runner.check()
        self.held.lock(self.control.function)
        wanted = type(self.alias)(version, "", weights)
        self.attempted = (*self.attempted, wanted)
        self.alias = self.control.set_traffic(self.alias, version, weights, self._ours)
        self._note_weight(share)

    @property
    def _ours(self) -> tuple[Alias, ...] | None:
        return None if self.takes_over else self.attempted

    def _note_weight(self, share: float) -> None:
        self.outcome.weights.append((self.tools.runner.now(), share))
        self.refresh()

    def _watch(self, version: str, share: float) -> None:
        """Look again and again while a share bakes; go on only when the last look passes."""
        for _ in range(self._looks_a_share):
            self._watch_alarms(self.plan.bake_seconds / self._looks_a_share)
            look = self._look(version, share)
        if look.verdict == "inconclusive":
            look = self._top_up(version, share)
        if look.verdict == "inconclusive":
            raise self._stopped(version, f"inconclusive, and that is no pass: {look.reason}")

    @property
    def _looks_a_share(self) -> int:
        return max(1, min(_MOST_LOOKS, int(self.plan.bake_seconds // _LOOK_SECONDS)))

    @property
    def _judge_plan(self) -> JudgePlan:
        # One more for each share, after a top-up.
        return JudgePlan(looks=(self._looks_a_share + 1) * (len(self.options.shares) - 1))

    def _counts(self, version: str) -> tuple[Counts | None, Counts | None]:
        """What old and new have answered since the shift began; smoke events are the new's."""
        old = self.plan.alias.version
        seen = self.tools.evidence.read(
            self.control.function,
            [old, version],
            self._began,
            self.tools.runner.now(),
            changes=[at for at, _ in self.outcome.weights],
        )
        new = seen[version]
        if self._smoked.invocations:
            new = (new or Counts(0, 0)) + self._smoked
        return seen[old], new

    def _look(self, version: str, share: float) -> Look:
        """Ask the judge.

        Raises:
            FleetError: the version fails (ROLLED_BACK).
        """
        old, new = self._counts(version)
        look = judge(
            old,
            new,
            plan=self._judge_plan,
            alarms=self._new_alarms(),
            synthetic=self._smoked.invocations,
            synthetic_errors=self._smoked.errors,
            weight=share,
            at=self.tools.runner.now(),
        )
        self.outcome.looks.append(look)
        self.refresh()
        if look.verdict == "fail":
            raise self._stopped(version, look.reason)
        return look

    def _top_up(self, version: str, share: float) -> Look:
        """Too little traffic to tell: send smoke events to the new version, and look again."""
        old, new = self._counts(version)
        wanted = top_up(self._judge_plan, old, new, self._smoked.invocations)
        count = min(wanted, _MOST_SMOKE_EVENTS)
        results = self.tools.runner.map(
            lambda _: self._passes(version), range(count), _SMOKE_AT_ONCE
        )
        self._smoked = self._smoked + Counts(count, results.count(False))
        return self._look(version, share)

    def _passes(self, version: str) -> bool:
        answer = self.control.invoke(version, self.plan.smoke.event)
        return smoke.verdict(answer, self.plan.smoke) is None

    def _new_alarms(self) -> tuple[str, ...]:
        firing = self.tools.alarm_poll.firing(self.control.function)
        return tuple(name for name in firing if name not in self.plan.firing)

    def _watch_alarms(self, seconds: float) -> None:
        """Wait, and stop at once when an alarm goes off, or when the release is taken over."""
        until = self.tools.runner.now() + seconds
        while (left := until - self.tools.runner.now()) > 0:
            self.tools.runner.sleep(min(left, ALARM_POLL_SECONDS))
            self.held.lock(self.control.function)
            alarms = self._new_alarms()
            if alarms:
                raise self._stopped(self.outcome.version, f"alarm: {', '.join(alarms)}")

    def _stopped(self, version: str, reason: str) -> FleetError:
        function = self.control.function
        return FleetError(
            f"version {version} of {function} was stopped: {reason}",
            f"`fleet logs --function {function}` shows what it did; mend it and release again",
            ExitCode.ROLLED_BACK,
        )
