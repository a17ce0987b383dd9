"""The sample events, sent to what is live and held against what they expect."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from function_kit.redaction import redact_text

from fleet.errors import FleetError
from fleet.release import smoke
from fleet.release.told import ALIAS
from fleet.release.validation import inside
from fleet.release.validation.checks import Check, failed, passed, skipped

if TYPE_CHECKING:
    from fleet.project import SampleEvent
    from fleet.release.validation.subject import Options, Sources, Subject

_SMOKE = "smoke"
_INSIDE = ", from inside the VPC"


def names(sources: Sources, function: str) -> list[str]:
    """A function's sample events, the smoke event first."""
    folder = sources.project.root / "images" / function / "events"
    others = sorted(path.stem for path in folder.glob("*.json") if path.stem != _SMOKE)
    return [_SMOKE, *others]


def sent(sources: Sources, function: str, options: Options) -> list[str]:
    """The events to send: all locally, where they meet sample data and harm nobody."""
    everything = sources.environment.is_local or options.all_events
    return [name for name in names(sources, function) if everything or name == _SMOKE]


def samples(sources: Sources, function: str, options: Options) -> list[SampleEvent]:
    """The same, read; what is no sample event is left out, as `check` says it."""
    found = []
    for name in sent(sources, function, options):
        with suppress(FleetError):
            found.append(sources.project.event(function, name))
    return found


def check(
    sources: Sources, subject: Subject, options: Options, run: inside.Run | None = None
) -> list[Check]:
    """Each event's answer, or why it is not sent.

    Args:
        sources: where events and the function are.
        subject: the function.
        options: what the operator chose.
        run: what the test runner found, when it has sent the events.
    """
    chosen = sent(sources, subject.function, options)
    checks = []
    for event in names(sources, subject.function):
        if event in chosen:
            checks.append(_event(sources, subject, event, run))
        else:
            why = "it may have effects, and needs the local stack's sample data"
            checks.append(skipped(f"events.{event}", why, "--all-events sends it all the same"))
    return checks


def _event(sources: Sources, subject: Subject, event: str, run: inside.Run | None) -> Check:
    name = f"events.{event}"
    try:
        sample = sources.project.event(subject.function, event)
        # The runner does not invoke itself.
        if run and subject.function != inside.RUNNER:
            result = run.result(subject.function, event)
            return _judged(name, subject, result.get("reason"), result["milliseconds"], _INSIDE)
    except FleetError as error:
        return failed(name, error.message, error.todo)
    answer = sources.control(subject.function).invoke(ALIAS, sample.event)
    return _judged(name, subject, smoke.verdict(answer, sample), answer.milliseconds)


def _judged(
    name: str, subject: Subject, reason: str | None, milliseconds: float, place: str = ""
) -> Check:
    seconds = milliseconds / 1000
    if reason:
        todo = f"`fleet logs --function {subject.function}` shows why"
        # It may quote the answer.
        return failed(name, redact_text(reason), todo, seconds)
    return passed(name, f"as expected, {milliseconds:.0f} ms{place}", seconds)
