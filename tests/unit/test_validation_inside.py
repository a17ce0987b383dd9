"""`fleet validate --inside`: lambda-test-runner sends the events, and its results are merged.

The runner's own code reads the cases, judges the answers and reports; only what it invokes is the
test's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fleet.commands.validate import show
from fleet.console import console
from fleet.release.told import Answer
from fleet.release.validation import junit
from fleet.release.validation.inside import RUNNER
from function_kit.functions import Invocation
from lambda_test_runner import request
from lambda_test_runner.report import Report
from lambda_test_runner.run import Result, judge

from tests.kit.validated import FUNCTION
from tests.kit.validation import House

GOOD = Invocation({"ok": True}, None, "2")


class Runner:
    """Answers as lambda-test-runner does, for functions that answer as a test says."""

    def __init__(self, answers: dict[str, Invocation] | None = None) -> None:
        self.answers = answers or {}
        self.cases: list[tuple[str, str]] = []

    def __call__(self, event: dict[str, Any]) -> Answer:
        cases = request.parse(json.loads(json.dumps(event)), (FUNCTION,))
        self.cases = [(case.function, case.name) for case in cases]
        report = Report.begin("dev")
        report.end(
            [
                Result(c.function, c.name, 12.0, judge(c, self.answers.get(c.name, GOOD)) or "")
                for c in cases
            ]
        )
        return Answer(report.answer(), None, 100.0)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def events(house: House, **options: bool) -> dict[str, tuple[str, str]]:
    """The result and the detail of each event."""
    checks = house.checks(inside=True, **options)
    return {
        name: (check.result, check.detail)
        for name, check in checks.items()
        if check.group == "events"
    }


def sent_from_here(house: House) -> list[Any]:
    """Events that were sent without the runner; those of the times apart."""
    return [event for _, event in house.invoked if event != {"test": True}]


def test_the_runner_sends_the_events_and_its_results_are_the_checks(house: House) -> None:
    house.runner = runner = Runner()
    found = events(house, all_events=True)
    assert runner.cases == [(FUNCTION, "smoke"), (FUNCTION, "wide")]
    said = ("passed", "as expected, 12 ms, from inside the VPC")
    assert found == {"events.smoke": said, "events.wide": said}
    assert sent_from_here(house) == []


def test_outside_local_it_sends_the_smoke_event_alone(house: House) -> None:
    house.runner = runner = Runner()
    assert events(house)["events.wide"][0] == "skipped"
    assert runner.cases == [(FUNCTION, "smoke")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Invocation({"ok": False}, None, "2"), "$.ok is False, not True"),
        (
            Invocation({"errorType": "E", "errorMessage": "no database"}, "Unhandled", "2"),
            "the function failed (Unhandled): E: no database",
        ),
    ],
)
def test_what_fails_inside_fails_the_function(
    house: House, answer: Invocation, reason: str
) -> None:
    house.runner = Runner({"smoke": answer})
    result, detail = events(house)["events.smoke"]
    assert result == "failed"
    assert detail.endswith(reason)
    assert house.validate(inside=True).exit_code == 4


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer({"errorMessage": "x"}, "Unhandled", 1.0), "did not run the events: Unhandled"),
        (Answer({"statusCode": 400}, None, 1.0), "it answered 400: is it of an older release?"),
        (Answer("what", None, 1.0), "no results came"),
    ],
)
def test_a_runner_that_does_not_run_fails_the_events(
    house: House, answer: Answer, reason: str
) -> None:
    house.runner = lambda _: answer
    result, detail = events(house)["events"]
    assert result == "failed"
    assert reason in detail


def test_a_runner_that_is_not_there_is_said(house: House) -> None:
    assert events(house)["events"] == ("failed", f"the function {RUNNER} does not exist")


def test_a_result_that_had_no_room_is_in_the_report(house: House) -> None:
    def short(event: dict[str, Any]) -> Answer:
        payload = Runner()(event).payload
        return Answer(payload | {"results": [], "results_left_out": 1}, None, 1.0)

    house.runner = short
    check = house.checks(inside=True)["events.smoke"]
    assert check.result == "failed"
    assert "test-reports/" in check.todo


def test_without_invocations_nothing_is_sent(house: House) -> None:
    house.runner = runner = Runner()
    assert events(house, invoke=False)["events"][0] == "skipped"
    assert runner.cases == []


def test_without_inside_the_runner_is_left_alone(house: House) -> None:
    house.runner = runner = Runner()
    assert house.checks()["events.smoke"].detail.startswith("as expected")
    assert runner.cases == []
    assert house.validate().inside is None


def test_every_report_has_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.runner = Runner({"smoke": Invocation({}, None, "2")})
    validation = house.validate(inside=True)
    told = validation.to_dict()["inside"]
    assert told["reports"]["html"] == f"test-reports/{told['test_run_id']}.html"
    root = ET.fromstring(junit.render(validation))  # noqa: S314  our own
    failures = {
        case.get("name") for case in root.iter("testcase") if case.find("failure") is not None
    }
    assert "events.smoke" in failures
    monkeypatch.setattr(console, "width", 200)
    with console.capture() as capture:
        show(validation)
    assert told["reports"]["html"] in capture.get()
