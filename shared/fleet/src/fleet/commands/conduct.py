"""How every verb that moves `live` is run: seen while it runs, told of, and written down."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import typer

from fleet.console import emit, note
from fleet.errors import ExitCode
from fleet.release.lock import actor
from fleet.release.notify import Notifier
from fleet.release.outcome import Report
from fleet.release.report import files, redact, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleet.commands.options import Workplace
    from fleet.release.runner import Threads


def new_report(place: Workplace, kind: Literal["release", "rollback", "resume"]) -> Report:
    """An empty report of this command."""
    return Report(
        run_id=place.tools.holder.run_id,
        kind=kind,
        project=place.project.name,
        environment=place.environment.name,
        actor=actor(),
    )


def conduct(
    place: Workplace, report: Report, work: Callable[[Callable[[], None]], Report]
) -> Report:
    """Run a release, rollback or resume: shown live, told to who listens, written to files.

    Args:
        place: where.
        report: empty; it fills while the work runs.
        work: does it, and calls what it is given after each change of the report.
    """
    notifier = Notifier.of(place.environment)
    said = notifier.started(report)
    with stoppable(place.runner), terminal.live(report) as view:
        work(view.refresh)
    terminal.summary(report)
    said += notifier.finished(report)
    for line in said:
        note(line)
    if report.functions:
        written = files.write(report, place.project.reports / "release")
        note(f"report: {os.path.relpath(written['html'])}")
    return report


def end(report: Report, *, as_json: bool) -> None:
    """Write the result for machines, and leave with the exit code that says how it ended."""
    if as_json:
        emit(redact.whole(report).to_dict())
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)


@contextmanager
def stoppable(runner: Threads) -> Iterator[None]:
    """Let Ctrl-C, and a workflow that is cancelled, put back what was begun."""

    def stop(*_: object) -> None:
        note("stopping: what was begun is put back")
        runner.cancel()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
