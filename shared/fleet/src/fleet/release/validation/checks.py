"""What a check has to say."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from fleet.errors import ExitCode

Result = Literal["passed", "failed", "warned", "skipped"]
# The worst first.
RESULTS: tuple[Result, ...] = ("failed", "warned", "skipped", "passed")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: group.what, such as configuration.memory.
        detail: what was found, in a sentence; never a variable's value.
        todo: what the operator can do; empty when it passed.
        seconds: how long it took, where that says something.
    """

    name: str
    result: Result
    detail: str
    todo: str = ""
    seconds: float = 0

    @property
    def group(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


def passed(name: str, detail: str, seconds: float = 0) -> Check:
    """A check that found what it should."""
    return Check(name, "passed", detail, seconds=seconds)


def failed(name: str, detail: str, todo: str, seconds: float = 0) -> Check:
    """A check that found something wrong."""
    return Check(name, "failed", detail, todo, seconds)


def warned(name: str, detail: str, todo: str) -> Check:
    """A check that found something to know, which does no harm yet."""
    return Check(name, "warned", detail, todo)


def skipped(name: str, detail: str, todo: str = "") -> Check:
    """A check that was not made, and why."""
    return Check(name, "skipped", detail, todo)


def worst(checks: list[Check]) -> Result:
    """The result that speaks for several checks; a skipped one only when all were."""
    found = {check.result for check in checks}
    if "failed" in found or "warned" in found:
        return "failed" if "failed" in found else "warned"
    return "passed" if "passed" in found else "skipped"


@dataclass(frozen=True)
class FunctionResult:
    """All checks of one function, and how many seconds they took."""

    function: str
    checks: list[Check]
    seconds: float = 0

    @property
    def result(self) -> Result:
        """What speaks for the function."""
        return worst(self.checks)

    def count(self, result: Result) -> int:
        """How many checks ended so."""
        return sum(check.result == result for check in self.checks)

    def groups(self) -> dict[str, list[Check]]:
        """The checks by group, in the order they were made."""
        found: dict[str, list[Check]] = {}
        for check in self.checks:
            found.setdefault(check.group, []).append(check)
        return found


@dataclass(frozen=True)
class Validation:
    """One run of `fleet validate`.

    Attributes:
        started_at: ISO 8601.
        seconds: how long it took.
        inside: the test runner's run, when it has sent the events: its name, and its reports by
            their kind.
    """

    project: str
    environment: str
    started_at: str
    seconds: float = 0
    functions: list[FunctionResult] = field(default_factory=list)
    inside: dict[str, Any] | None = None

    @property
    def exit_code(self) -> ExitCode:
        """PREFLIGHT when a check failed: nothing was changed, and something is wrong."""
        bad = any(function.result == "failed" for function in self.functions)
        return ExitCode.PREFLIGHT if bad else ExitCode.DONE

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON has it."""
        counts = {result: sum(f.count(result) for f in self.functions) for result in RESULTS}
        return asdict(self) | {
            "exit_code": int(self.exit_code),
            "counts": counts,
            "functions": [asdict(f) | {"result": f.result} for f in self.functions],
        }
