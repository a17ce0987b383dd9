"""A running release in a terminal, in a pipe, and where nobody reads."""

from __future__ import annotations

import io
import threading
import time

import pytest
from fleet import console as seen
from fleet.errors import ExitCode
from fleet.release.outcome import FunctionOutcome, Report, Step
from fleet.release.report import terminal
from rich.console import Console

from tests.kit import reports


class Screen:
    """A console of a test: a pipe, or a terminal of a size."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.text = io.StringIO()

    def open(self, *, is_terminal: bool, height: int = 24) -> Screen:
        console = Console(
            file=self.text, force_terminal=is_terminal, width=150, height=height, highlight=False
        )
        self._monkeypatch.setattr(seen, "console", console)
        self._monkeypatch.setattr(terminal, "console", console)
        return self

    @property
    def lines(self) -> list[str]:
        return self.text.getvalue().splitlines()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch)


def running(*names: str) -> Report:
    """As the engine begins: every result is still the worst that it could be."""
    outcomes = [FunctionOutcome(name, "refused", tag=reports.TAG) for name in names]
    return reports.report(outcomes, started_at=time.time(), finished_at=None)


def test_a_pipe_gets_a_line_for_each_step_and_no_more(screen: Screen) -> None:
    screen.open(is_terminal=False)
    report = running("a", "b")
    first, second = report.functions
    now = time.time()
    with terminal.live(report) as view:
        view.refresh()
        first.steps.append(Step("update", now))
        view.refresh()
        view.refresh()
        first.steps[0].seconds = 2.0
        first.steps.append(Step("shift", now + 2))
        first.weights.append((now + 3, 0.1))
        first.looks.append(reports.look(0.1, now + 4, (9, 0), (9, 0), "pass", "as before"))
        view.refresh()
        first.result = "released"
        second.result, second.exit_code = "put-back", ExitCode.ROLLED_BACK
        view.refresh()
    said = [line.split(maxsplit=1)[1] for line in screen.lines]
    assert said == [
        "a: update",
        "a: shift",
        "a: 10 % of traffic",
        "a: judge: pass, as before",
        "b: ✗ put back",
    ]


def test_of_many_functions_a_pipe_is_told_the_count_and_who_failed(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.open(is_terminal=False)
    report = running(*(f"f{number:03}" for number in range(500)))
    with terminal.live(report) as view:
        for outcome in report.functions:
            outcome.steps.append(Step("update", time.time()))
            view.refresh()
            outcome.result = "released"
        report.functions[7].result = "put-back"
        report.functions[7].exit_code = ExitCode.ROLLED_BACK
        view.refresh()
        monkeypatch.setattr(terminal, "_TELL_SECONDS", 0)
        view.refresh()
    said = [line.split(maxsplit=1)[1] for line in screen.lines]
    assert said == ["f007: ✗ put back", "500 of 500 done, 1 not"]


def test_many_threads_tell_each_step_once(screen: Screen) -> None:
    screen.open(is_terminal=False)
    report = running(*"abcdefgh")

    def work(outcome: FunctionOutcome, view: terminal.Progress) -> None:
        for number in range(20):
            outcome.steps.append(Step(f"step {number}", time.time(), 0.0))
            view.refresh()

    with terminal.live(report) as view:
        threads = [threading.Thread(target=work, args=(o, view)) for o in report.functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(screen.lines) == 8 * 20
    assert len({line.split(maxsplit=1)[1] for line in screen.lines}) == 8 * 20


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_a_pipe_that_nobody_reads_does_not_stop_a_release(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    screen.open(is_terminal=False)
    tries = []

    def fail(*_: object, **__: object) -> None:
        tries.append(1)
        raise error

    monkeypatch.setattr(terminal.console, "print", fail)
    report = running("a")
    with terminal.live(report) as view:
        for number in range(3):
            report.functions[0].steps.append(Step(str(number), time.time()))
            view.refresh()
    assert len(tries) == 1


def test_a_terminal_shows_a_table_of_what_is_going_on(screen: Screen) -> None:
    screen.open(is_terminal=True)
    report = running("scheduled-digest", "waiting", "done-already", "was-put-back")
    first, _, third, fourth = report.functions
    first.steps += [Step("update", time.time() - 9, 2.0), Step("shift", time.time() - 7)]
    first.weights.append((time.time(), 0.5))
    first.looks.append(reports.look(0.5, time.time(), (9, 0), (9, 0), "inconclusive", ""))
    third.result = "unchanged"
    fourth.result, fourth.exit_code = "put-back", ExitCode.ROLLED_BACK
    with terminal.live(report) as view:
        view.refresh()
        time.sleep(0.3)
    shown = screen.text.getvalue()
    row = next(line for line in screen.lines if "scheduled-digest" in line)
    for part in ("shift", "████", "50 %", "9", "judge: inconclusive"):
        assert part in row
    assert "Release of 8a31c07be2f4 to staging" in shown
    assert "2 of 4 done, 1 not" in shown
    assert shown.index("scheduled-digest") < shown.index("was-put-back") < shown.index("waiting")


def test_a_small_terminal_shows_what_moves_and_says_what_it_leaves_out(screen: Screen) -> None:
    screen.open(is_terminal=True, height=12)
    report = running(*(f"f{number:03}" for number in range(500)))
    report.functions[400].steps.append(Step("update", time.time()))
    with terminal.live(report) as view:
        view.refresh()
        time.sleep(0.3)
    shown = screen.text.getvalue()
    assert "f400" in shown
    assert "495 more below" in shown
    assert "f300" not in shown


def test_the_summary_has_every_function_its_reason_and_the_way_out(screen: Screen) -> None:
    screen.open(is_terminal=False)
    terminal.summary(reports.canary())
    text = screen.text.getvalue()
    for outcome in reports.canary().functions:
        assert outcome.function in text
    assert text.index("device-registry") < text.index("scheduled-digest")
    for part in ("put back", "41 → 42", "8a31c07be2f4", "15 min 13 s", "to do: wait for it with"):
        assert part in text
    last = " ".join(screen.lines[-1].split())
    assert last == (
        "✗ Release of 8a31c07be2f4 to staging: 1 put back, 1 refused, 3 released, 1 unchanged, "
        "15 min 47 s"
    )


def test_the_summary_of_many_shows_only_what_needs_reading(screen: Screen) -> None:
    screen.open(is_terminal=False)
    terminal.summary(reports.many())
    text = screen.text.getvalue()
    assert "function-005" in text
    assert "function-000" not in text
    assert "6 put back, 329 released, 165 unchanged" in text


def test_the_summary_of_many_without_trouble_is_one_line(screen: Screen) -> None:
    screen.open(is_terminal=False)
    terminal.summary(reports.report([reports.unchanged(f"f{n}") for n in range(31)]))
    assert len(screen.lines) == 1


def test_texts_of_a_report_are_no_markup_and_no_secrets(screen: Screen) -> None:
    screen.open(is_terminal=False)
    outcome = reports.put_back("[red]x[/red]")
    outcome.reason = "[bold]why[/bold] password=hunter2"
    terminal.summary(reports.report([outcome]))
    text = screen.text.getvalue()
    assert "[red]x[/red]" in text
    assert "[bold]why[/bold]" in text
    assert "hunter2" not in text
