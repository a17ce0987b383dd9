"""What every release of one command works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.release.control import FunctionControl

if TYPE_CHECKING:
    from fleet.environments import Environment
    from fleet.images.registry import Registry
    from fleet.project import Project
    from fleet.release.api import LambdaApi
    from fleet.release.heartbeat import Held
    from fleet.release.history import History
    from fleet.release.judge.alarm_poll import AlarmPoll
    from fleet.release.judge.alarms import AlarmWatch
    from fleet.release.judge.evidence import Evidence
    from fleet.release.lock import Holder, Locks
    from fleet.release.runner import Runner


@dataclass(frozen=True)
class Tools:
    """The checkout, the environment, and one of each thing that talks to its AWS."""

    project: Project
    environment: Environment
    registry: Registry
    history: History
    locks: Locks
    api: LambdaApi
    alarms: AlarmWatch
    alarm_poll: AlarmPoll
    evidence: Evidence
    runner: Runner
    holder: Holder

    def control(self, function: str, held: Held | None = None) -> FunctionControl:
        """One function's control plane; with the lock that its changes are made under."""
        if held is None:
            return FunctionControl(self.environment, function, self.api, self.runner)
        return FunctionControl(
            self.environment,
            function,
            self.api,
            self.runner,
            confirm=lambda: held.confirm(function),
        )
