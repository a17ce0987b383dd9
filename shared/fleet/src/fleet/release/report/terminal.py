"""A running release on standard error: a table that moves, or a few plain lines in a pipe."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from fleet.console import console
from fleet.console import table as show_table
from fleet.release.report import redact, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet.release.outcome import FunctionOutcome, Report

COLOURS: Final = {"bad": "red", "warn": "yellow", "good": "green", "calm": "dim"}
_FEW = 20  # with more functions, a log is told how many are done, and who failed
_TELL_SECONDS = 10.0
_OTHER_LINES = 7  # the title, the headings, the line below, and the prompt
_BAR = 8
_LISTED = 30


class Progress(Protocol):
    """What shows a running release."""

    def refresh(self) -> None:
        """Called after a change of the report, from any thread; never raises."""


class _Moving:
    """A terminal draws itself again eight times a second: changes need not say so."""

    def refresh(self) -> None:
        return


@dataclass
class _Lines:
    """One line for each step of a few functions; of many, the count from time to time."""

    report: Report
    _shown: dict[str, list[str]] = field(default_factory=dict)
    _told: float = field(default_factory=time.monotonic)
    _broken: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self) -> None:
        with self._lock:
            try:
                self._tell()
            except (OSError, ValueError):
                # Nobody reads any more: no reason for a release to stop.
                self._broken = True

    def _tell(self) -> None:
        if self._broken:
            return
        outcomes = list(self.report.functions)
        for outcome in outcomes:
            self._tell_one(outcome, every_step=len(outcomes) <= _FEW)
        if len(outcomes) > _FEW and time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            console.print(f"{_clock()} {escape(_count(self.report))}")

    def _tell_one(self, outcome: FunctionOutcome, *, every_step: bool) -> None:
        events = _events(outcome) if every_step else []
        if words.is_done(self.report, outcome) and words.needs_reading(outcome):
            events.append(_result(self.report, outcome).plain)
        shown = self._shown.setdefault(outcome.function, [])
        for event in events[len(shown) :]:
            console.print(f"{_clock()} {escape(outcome.function)}: {escape(event)}")
        shown.extend(events[len(shown) :])


@contextmanager
def live(report: Report) -> Iterator[Progress]:
    """Show a report while it fills: functions by step, share of traffic, seconds and result."""
    if not console.is_terminal:
        yield _Lines(report)
        return
    with Live(
        get_renderable=lambda: _table(report),
        console=console,
        refresh_per_second=8,
        transient=True,
        vertical_overflow="crop",
    ):
        yield _Moving()


def summary(report: Report) -> None:
    """What came of it: every function, or the remarkable ones of many; then reasons and notes."""
    ordered = words.by_severity(redact.whole(report).functions)
    shown = ordered
    if len(ordered) > _LISTED:
        shown = [outcome for outcome in ordered if words.needs_reading(outcome)][:_LISTED]
    if shown:
        show_table("", ("", "function", "result", "version", "image", "judge", "took"),
                   [_row(outcome) for outcome in shown])  # fmt: skip
    for outcome in shown:
        _explain(outcome)
    took = (report.finished_at or report.started_at) - report.started_at
    colour = COLOURS[words.tone(report)]
    console.print(
        f"[{colour}]{words.MARKS[words.tone(report)]}[/{colour}] {escape(words.title(report))}: "
        f"{escape(words.sentence(report))}, {words.duration(took)}"
    )


def _row(outcome: FunctionOutcome) -> tuple[str, ...]:
    label, tone = words.RESULTS[outcome.result]
    verdict = words.VERDICTS[outcome.verdict][0] if outcome.verdict else ""
    return (
        f"[{COLOURS[tone]}]{words.MARKS[tone]}[/{COLOURS[tone]}]",
        escape(outcome.function),
        f"[{COLOURS[tone]}]{label}[/{COLOURS[tone]}]",
        escape(words.versions(outcome)),
        escape(words.short_tag(outcome.tag or outcome.digest)),
        verdict,
        words.duration(words.seconds(outcome)),
    )


def _explain(outcome: FunctionOutcome) -> None:
    if outcome.reason:
        console.print(f"[bold]{escape(outcome.function)}[/bold]: {escape(outcome.reason)}")
    if outcome.todo:
        console.print(f"  [bold]to do:[/bold] {escape(outcome.todo)}")
    for note in outcome.notes:
        console.print(f"{escape(outcome.function)}: {escape(note)}", style="dim")


def _table(report: Report) -> Group:
    """As many functions as the terminal has lines for: first those that something happens to."""
    outcomes = sorted(report.functions, key=lambda outcome: _interest(report, outcome))
    room = max(console.height - _OTHER_LINES, 1)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("function", "step", "new version's share", "seconds", "result"):
        justify = "right" if heading == "seconds" else "left"
        table.add_column(heading, no_wrap=True, justify=justify)  # type: ignore[arg-type]
    for outcome in outcomes[:room]:
        table.add_row(
            Text(outcome.function),
            Text(_step(report, outcome)),
            _share(outcome),
            f"{_elapsed(outcome):.0f}",
            _result(report, outcome),
        )
    more = f", {len(outcomes) - room} more below" if len(outcomes) > room else ""
    return Group(Text(words.title(report), "bold"), table, Text(_count(report) + more, "dim"))


def _interest(report: Report, outcome: FunctionOutcome) -> tuple[int, str]:
    """Running before failed before waiting before done."""
    if not words.is_done(report, outcome):
        return (0 if outcome.steps else 2), outcome.function
    return (1 if words.needs_reading(outcome) else 3), outcome.function


def _step(report: Report, outcome: FunctionOutcome) -> str:
    steps = list(outcome.steps)
    if words.is_done(report, outcome) or not steps:
        return ""
    return steps[-1].name if steps[-1].seconds is None else f"after {steps[-1].name}"


def _share(outcome: FunctionOutcome) -> Text:
    weights = list(outcome.weights)
    if not weights:
        return Text("")
    share = weights[-1][1]
    full = round(share * _BAR)
    return Text.assemble(
        ("█" * full, "cyan"), ("░" * (_BAR - full), "dim"), f" {words.percent(share)}"
    )


def _elapsed(outcome: FunctionOutcome) -> float:
    steps = list(outcome.steps)
    if not steps:
        return 0
    last = steps[-1]
    return max((last.began + last.seconds if last.seconds else time.time()) - steps[0].began, 0)


def _result(report: Report, outcome: FunctionOutcome) -> Text:
    if not words.is_done(report, outcome):
        looks = list(outcome.looks)
        return Text(f"judge: {looks[-1].verdict}" if looks else "", "dim")
    label, tone = words.RESULTS[outcome.result]
    return Text(f"{words.MARKS[tone]} {label}", COLOURS[tone])


def _events(outcome: FunctionOutcome) -> list[str]:
    """What has happened to a function so far, in order; it only grows."""
    steps = [(step.began, step.name) for step in list(outcome.steps)]
    shares = [(at, f"{words.percent(share)} of traffic") for at, share in list(outcome.weights)]
    looks = [(look.at, f"judge: {look.verdict}, {look.reason}") for look in list(outcome.looks)]
    return [text for _, text in sorted(steps + shares + looks, key=lambda event: event[0])]


def _count(report: Report) -> str:
    done = [outcome for outcome in list(report.functions) if words.is_done(report, outcome)]
    failed = sum(words.needs_reading(outcome) for outcome in done)
    return f"{len(done)} of {len(report.functions)} done" + (f", {failed} not" if failed else "")


def _clock() -> str:
    return f"[dim]{time.strftime('%H:%M:%S')}[/dim]"
