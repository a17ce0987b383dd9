"""How every report says the same thing: results in order, times, shares and sentences."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleet.release.outcome import FunctionOutcome, Look, Rate, Report, Result, Verdict

Tone = Literal["bad", "warn", "good", "calm"]

# Worst first: this is the order in which a person wants to read them.
RESULTS: Final[dict[Result, tuple[str, Tone]]] = {
    "failed": ("needs a person", "bad"),
    "put-back": ("put back", "bad"),
    "refused": ("refused", "warn"),
    "stopped": ("stopped", "warn"),
    "rolled-back": ("rolled back", "good"),
    "released": ("released", "good"),
    "planned": ("would be released", "calm"),
    "unchanged": ("unchanged", "calm"),
}
VERDICTS: Final[dict[Verdict, tuple[str, Tone]]] = {
    "fail": ("fail", "bad"),
    "inconclusive": ("inconclusive", "warn"),
    "pass": ("pass", "good"),
}
MARKS: Final[dict[Tone, str]] = {"bad": "✗", "warn": "!", "good": "✓", "calm": "·"}
EXIT_CODES: Final = {
    0: "done",
    2: "not understood",
    3: "refused, nothing changed",
    4: "something is missing, nothing changed",
    5: "failed, and put back",
    6: "failed, and a person is needed",
}
_ORDER: Final = {result: number for number, result in enumerate(RESULTS)}
_NOUNS: Final = {"release": "Release", "rollback": "Rollback", "resume": "Resumed release"}
_MINUTE, _HOUR = 60, 3600
_MILLISECONDS_BELOW = 1
_WHOLE_SECONDS_FROM = 10
_SHORT_DIGEST = 19  # sha256: and twelve digits, as Docker shortens it
_SHORT_TAG = 12


def by_severity(outcomes: Iterable[FunctionOutcome]) -> list[FunctionOutcome]:
    """Those that a person must look at first, then by name."""
    return sorted(outcomes, key=lambda outcome: (_ORDER[outcome.result], outcome.function))


def counts(report: Report) -> dict[Result, int]:
    """How many functions ended how, worst first; only those that occur."""
    found = Counter(outcome.result for outcome in report.functions)
    return {result: found[result] for result in RESULTS if found[result]}


def is_done(report: Report, outcome: FunctionOutcome) -> bool:
    """Whether a function's result is final; it begins as a failure or a refusal without a code."""
    open_yet = outcome.result in {"failed", "refused"} and outcome.exit_code == 0
    return report.finished_at is not None or not open_yet


def needs_reading(outcome: FunctionOutcome) -> bool:
    """Whether something did not go as wished."""
    return RESULTS[outcome.result][1] in {"bad", "warn"}


def tone(report: Report) -> Tone:
    """Of the whole run: the worst of its functions'."""
    return next((RESULTS[result][1] for result in counts(report)), "calm")


def title(report: Report) -> str:
    """What this was, such as `Release of 8a31c07be2f4 to dev`."""
    of, to = ("to", "in") if report.kind == "rollback" else ("of", "to")
    tag = f" {of} {short_tag(report.tag)}" if report.tag else ""
    where = f"{to} {report.environment}"
    return f"{_NOUNS[report.kind]}{tag} {where}" + (" (dry run)" if report.dry_run else "")


def sentence(report: Report) -> str:
    """How many functions ended how: `4 released, 1 put back`."""
    parts = [f"{number} {RESULTS[result][0]}" for result, number in counts(report).items()]
    return ", ".join(parts) or "no function"


def strategy(report: Report) -> str:
    """How traffic was to go over, such as `canary: 10 %, 50 %, 100 %, each watched for 5 min`."""
    if report.strategy == "all-at-once":
        return "all at once"
    shares = ", ".join(percent(share) for share in report.steps)
    bake = f", each watched for {duration(report.bake_seconds)}" if report.bake_seconds else ""
    return f"{report.strategy}: {shares}{bake}"


def versions(outcome: FunctionOutcome) -> str:
    """`41 → 42`; what is not known is left out."""
    before, after = outcome.previous_version, outcome.version
    if not before or not after or before == after:
        return after or before
    return f"{before} → {after}"


def seconds(outcome: FunctionOutcome) -> float:
    """How long a function's steps took, first to last."""
    ended = [step.began + step.seconds for step in outcome.steps if step.seconds is not None]
    return max(ended) - outcome.steps[0].began if ended else 0.0


def duration(value: float) -> str:
    """Seconds as `320 ms`, `4.2 s`, `5 min` or `1 h 5 min`."""
    if value <= 0:
        return "0 s"
    if value < _MILLISECONDS_BELOW:
        return f"{value * 1000:.0f} ms"
    if value < _WHOLE_SECONDS_FROM:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < _MINUTE:
        return f"{whole} s"
    large, small, names = (
        (*divmod(whole, _MINUTE), ("min", "s"))
        if whole < _HOUR
        else (whole // _HOUR, whole % _HOUR // _MINUTE, ("h", "min"))
    )
    return f"{large} {names[0]}" + (f" {small} {names[1]}" if small else "")


def percent(share: float) -> str:
    """A share of 0 to 1 as `12.5 %`, with as many digits as tell it from nothing."""
    value = share * 100
    if 0 < value < 0.1:  # noqa: PLR2004  a tenth of a percent
        return f"{value:.2g} %"
    return f"{value:.1f}".removesuffix(".0") + " %"


def rate(value: Rate) -> str:
    """`3 of 120, 2.5 % (0.9 % to 7.1 %)`."""
    if not value.invocations:
        return "no invocations"
    interval = f"{percent(value.low)} to {percent(value.high)}"
    return f"{value.errors:,} of {value.invocations:,}, {percent(value.rate)} ({interval})"


def p_value(look: Look) -> str:
    """The p-value against what this look may spend."""
    if look.p_value is None:
        return "no data"
    return f"{look.p_value:.2g} (limit {look.alpha:.2g})"


def moment(at: float) -> str:
    """Seconds since the epoch as `2026-11-23 04:28:36 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def short_tag(tag: str) -> str:
    """A commit as people write it; other tags, and a hash of changes behind it, stay whole."""
    head, dash, rest = tag.partition("-")
    is_commit = len(head) > _SHORT_TAG and all(letter in "0123456789abcdef" for letter in head)
    return head[:_SHORT_TAG] + dash + rest if is_commit else short_digest(tag)


def short_digest(digest: str) -> str:
    """A digest as Docker shortens it."""
    return digest[:_SHORT_DIGEST] if digest.startswith("sha256:") else digest
