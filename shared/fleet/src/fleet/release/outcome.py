"""What a release has to say of itself: written by the engine, read by every report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fleet.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

Verdict = Literal["pass", "fail", "inconclusive"]
Result = Literal[
    "planned",  # --dry-run: would be released
    "released",
    "unchanged",  # live already is this image with this configuration
    "rolled-back",  # a rollback reached its target
    "put-back",  # the release failed, and live and $LATEST are as they were
    "refused",  # nothing was changed
    "stopped",  # another operator's rollback took over
    "failed",  # a person is needed
]
Strategy = Literal["all-at-once", "canary", "linear"]


@dataclass(frozen=True)
class Rate:
    """Errors of one version, with the interval that its true rate lies in (0 to 1)."""

    invocations: int
    errors: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Errors per invocation, 0 to 1; 0 without invocations."""
        return self.errors / self.invocations if self.invocations else 0.0


@dataclass(frozen=True)
class Look:
    """One look of the judge at old and new.

    Attributes:
        at: seconds since the epoch.
        weight: share of traffic on the new version then, 0 to 1.
        synthetic: how many of the new version's invocations were smoke events sent for evidence.
        p_value: the least of the look's one-sided exact tests, times their number; None
            without data.
        alpha: what this look may spend.
        alarms: names of the alarms that were firing or could not be read.
    """

    at: float
    weight: float
    old: Rate
    new: Rate
    synthetic: int
    p_value: float | None
    alpha: float
    verdict: Verdict
    reason: str
    alarms: tuple[str, ...] = ()


@dataclass
class Step:
    """One step of a function's release.

    Attributes:
        began: seconds since the epoch.
        seconds: how long it took; None while it runs.
    """

    name: str
    began: float
    seconds: float | None = None
    failed: bool = False


@dataclass
class FunctionOutcome:
    """How the release of one function went.

    Attributes:
        previous_version: where `live` pointed before.
        weights: over time (seconds since the epoch), the share of traffic on the new version.
        reason: why it did not get through; empty when it did.
        todo: what the operator can do about that.
        notes: what a person should know although it went well.
        cold_ms: the smoke event's first answer.
        smoke: the new version's answer to its smoke event.
    """

    function: str
    result: Result = "failed"
    tag: str = ""
    digest: str = ""
    version: str = ""
    previous_version: str = ""
    previous_tag: str = ""
    exit_code: ExitCode = ExitCode.DONE
    reason: str = ""
    todo: str = ""
    steps: list[Step] = field(default_factory=list)
    weights: list[tuple[float, float]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cold_ms: float = 0
    warm_ms: float = 0
    smoke: Any = None

    @property
    def verdict(self) -> Verdict | None:
        """The judge's last word; None when it was not asked."""
        return self.looks[-1].verdict if self.looks else None


@dataclass
class Report:
    """One run of `fleet release`, `rollback` or `resume`.

    Attributes:
        kind: release, rollback or resume.
        steps: the shares of traffic that the strategy goes through, 0 to 1.
        bake_seconds: how long each share is watched.
        started_at: seconds since the epoch.
        finished_at: seconds since the epoch; None while it runs.
        audit: what it was told to overlook.
    """

    run_id: str
    kind: Literal["release", "rollback", "resume"]
    project: str
    environment: str
    actor: str
    tag: str = ""
    strategy: Strategy = "all-at-once"
    steps: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0
    fix_forward: bool = False
    dry_run: bool = False
    started_at: float = 0
    finished_at: float | None = None
    audit: str = ""
    functions: list[FunctionOutcome] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """The worst of the functions'."""
        return worst(outcome.exit_code for outcome in self.functions)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON has it."""
        return asdict(self) | {"exit_code": int(self.exit_code)}


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """What stands for many: a person is needed, put back, preflight, refused, usage, done."""
    found = set(codes)
    order = (
        ExitCode.NEEDS_PERSON,
        ExitCode.ROLLED_BACK,
        ExitCode.PREFLIGHT,
        ExitCode.REFUSED,
        ExitCode.USAGE,
    )
    return next((code for code in order if code in found), ExitCode.DONE)
