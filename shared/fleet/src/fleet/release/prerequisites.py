"""What has to run before a function is changed: migrations, before what needs the schema.

`[tool.lambda-image]` of a function that others need says `runs = "migrate"`, an event of its
`events/`; of a function that needs it, `after = ["db-migrate"]`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import ExitCode, FleetError
from fleet.release import smoke
from fleet.release.runner import Cancelled
from fleet.release.told import ALIAS, LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleet.project import Project
    from fleet.release.outcome import FunctionOutcome
    from fleet.release.tools import Tools

_GONE_WELL: Final = ("released", "rolled-back", "unchanged")


def waves(project: Project, functions: Iterable[str]) -> list[list[str]]:
    """Functions in the order of their releases: each wave may go once the one before has ended.

    Raises:
        FleetError: a function comes after one that there is not, or after itself (USAGE).
    """
    wanted = set(functions)
    sorter = TopologicalSorter({name: _after(project, name) for name in project.functions})
    try:
        sorter.prepare()
    except CycleError as error:
        raise FleetError(
            f"functions come after each other in a circle: {' → '.join(error.args[1])}",
            "take one of them out of `after` in images/<function>/pyproject.toml",
            ExitCode.USAGE,
        ) from None
    found = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(sorted(wanted.intersection(ready)))
        sorter.done(*ready)
    return [wave for wave in found if wave]


def _after(project: Project, function: str) -> tuple[str, ...]:
    needed = project.after(function)
    unknown = sorted(set(needed) - set(project.functions))
    if unknown:
        raise FleetError(
            f"images/{function}/pyproject.toml: comes after {', '.join(unknown)}, "
            "which is no function",
            f"name some of {', '.join(project.functions)} under `after`",
            ExitCode.USAGE,
        )
    return needed


@dataclass
class Prerequisites:
    """What functions of one release come after, and whether it has gone well.

    Attributes:
        outcomes: what this command has done or is to do, by function.
    """

    tools: Tools
    outcomes: Mapping[str, FunctionOutcome]
    _failures: dict[str, str] = field(default_factory=dict)

    def settle(self, wave: Iterable[str]) -> None:
        """Run, once each, what the functions of a wave come after and this release left as it is.

        What it has released ran its event before it went live.
        """
        needed = {name for function in wave for name in self.tools.project.after(function)}
        for name in sorted(needed - self._failures.keys()):
            self._failures[name] = self._failure(name)

    def refuse(self, function: str) -> bool:
        """Whether a function is not to be changed; its outcome then says why."""
        for name in self.tools.project.after(function):
            reason = self._failures[name]
            if reason:
                outcome = self.outcomes[function]
                outcome.result, outcome.exit_code = "refused", ExitCode.PREFLIGHT
                outcome.reason = f"it comes after {name}, which {reason}"
                outcome.todo = f"`fleet logs --function {name}` may show why; mend it, try again"
                return True
        return False

    def _failure(self, name: str) -> str:
        outcome = self.outcomes.get(name)
        if outcome is not None and outcome.result not in _GONE_WELL:
            return f"was not released: {outcome.reason}"
        if outcome is not None and outcome.result == "released":
            return ""
        try:
            return self._run(name)
        except Cancelled:
            return ""  # every release asks for itself before it begins
        except (FleetError, ClientError, BotoCoreError) as error:
            return f"did not answer: {getattr(error, 'message', error)}"

    def _run(self, name: str) -> str:
        """Run the event on `live`; why it failed, or nothing."""
        sample = self.tools.project.runs(name)
        if sample is None:
            return ""
        control = self.tools.control(name)
        if control.alias().version == LATEST:
            return "was never released: release it first, or together"
        reason = smoke.verdict(control.invoke(ALIAS, sample.event), sample)
        return f"failed its {sample.name} event: {reason}" if reason else ""


def announced(project: Project, function: str) -> list[str]:
    """For a dry run: the events that a release of a function would send beside smoke events."""
    own = project.runs(function)
    notes = [f"would run its {own.name} event before it goes live"] if own else []
    needed = {name: project.runs(name) for name in project.after(function)}
    return notes + [
        f"would come after {name} and its {sample.name} event"
        for name, sample in needed.items()
        if sample
    ]
