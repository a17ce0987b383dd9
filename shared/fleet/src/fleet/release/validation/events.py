"""The sample events, sent to what is live and held against what they expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_kit.redaction import redact_text

from fleet.errors import FleetError
from fleet.release import smoke
from fleet.release.control import ALIAS
from fleet.release.validation.checks import Check, failed, passed, skipped

if TYPE_CHECKING:
    from fleet.release.validation.subject import Options, Sources, Subject

_SMOKE = "smoke"


def names(sources: Sources, function: str) -> list[str]:
    """A function's sample events, the smoke event first."""
    folder = sources.project.root / "images" / function / "events"
    others = sorted(path.stem for path in folder.glob("*.json") if path.stem != _SMOKE)
    return [_SMOKE, *others]


def check(sources: Sources, subject: Subject, options: Options) -> list[Check]:
    """The smoke event; the others locally, where they meet sample data and harm nobody."""
    checks = []
    for event in names(sources, subject.function):
        if event == _SMOKE or subject.environment.is_local or options.all_events:
            checks.append(_send(sources, subject, event))
        else:
            why = "it may have effects, and needs the local stack's sample data"
            checks.append(skipped(f"events.{event}", why, "--all-events sends it all the same"))
    return checks


def _send(sources: Sources, subject: Subject, event: str) -> Check:
    name = f"events.{event}"
    try:
        sample = sources.project.event(subject.function, event)
    except FleetError as error:
        return failed(name, error.message, error.todo)
    answer = sources.control(subject.function).invoke(ALIAS, sample.event)
    seconds = answer.milliseconds / 1000
    reason = smoke.verdict(answer, sample)
    if reason:
        todo = f"`fleet logs --function {subject.function}` shows why"
        # It may quote the answer.
        return failed(name, redact_text(reason), todo, seconds)
    return passed(name, f"as expected, {answer.milliseconds:.0f} ms", seconds)
