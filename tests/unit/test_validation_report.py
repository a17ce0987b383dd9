"""`fleet validate`: running the checks, and what is said of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from fleet.commands.validate import show
from fleet.console import console
from fleet.errors import ExitCode
from fleet.release.validation import junit
from fleet.release.validation.checks import (
    Check,
    FunctionResult,
    Validation,
    failed,
    passed,
    skipped,
    warned,
)

from tests.kit.program import fleet
from tests.kit.validated import FUNCTION
from tests.kit.validation import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def validation(*checks: Check) -> Validation:
    results = [
        FunctionResult("resize", list(checks), 1.5),
        FunctionResult("fine", [passed("state.live", "Active")], 0.5),
    ]
    return Validation("lambda-fleet", "dev", "2026-01-02T03:04:05+00:00", 2.0, results)


MIXED = validation(
    passed("state.live", "version 2 is Active"),
    failed(
        "events.smoke", 'it <said> "no" & \x1b[1m\x00 [bold]x', "`fleet logs` [shows] why", 0.25
    ),
    skipped("routes.all", "no API leads to it"),
    warned("times.warm", "30 ms, 50% slower", "compare"),
)


@pytest.mark.parametrize(
    ("checks", "result", "code"),
    [
        ([passed("a.b", "")], "passed", ExitCode.DONE),
        ([passed("a.b", ""), skipped("a.c", "")], "passed", ExitCode.DONE),
        ([skipped("a.c", "")], "skipped", ExitCode.DONE),
        ([passed("a.b", ""), warned("a.c", "", "")], "warned", ExitCode.DONE),
        ([warned("a.b", "", ""), failed("a.c", "", "")], "failed", ExitCode.PREFLIGHT),
    ],
)
def test_the_exit_code_is_of_what_failed(checks: list[Check], result: str, code: ExitCode) -> None:
    found = validation(*checks)
    assert (found.functions[0].result, found.exit_code) == (result, code)


def test_json_has_every_check_and_what_they_amount_to() -> None:
    found = json.loads(json.dumps(MIXED.to_dict()))
    assert found["exit_code"] == 4
    assert found["counts"] == {"failed": 1, "warned": 1, "skipped": 1, "passed": 2}
    assert [f["result"] for f in found["functions"]] == ["failed", "passed"]
    assert found["functions"][0]["checks"][3] == {
        "name": "times.warm",
        "result": "warned",
        "detail": "30 ms, 50% slower",
        "todo": "compare",
        "seconds": 0,
    }


def test_junit_has_a_suite_for_each_function_and_counts_that_agree() -> None:
    root = ET.fromstring(junit.render(MIXED))  # noqa: S314  our own
    assert root.tag == "testsuites"
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["resize", "fine"]
    for suite in suites:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
        assert suite.get("timestamp") == "2026-01-02T03:04:05"
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert root.get("time") == "2.000"


def test_junit_survives_what_a_function_may_say() -> None:
    case = ET.fromstring(junit.render(MIXED)).findall(".//testcase")[1]  # noqa: S314  our own
    assert (case.get("classname"), case.get("name"), case.get("time")) == (
        "dev.resize",
        "events.smoke",
        "0.250",
    )
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == 'it <said> "no" & �[1m� [bold]x'
    assert (failure.text or "").endswith("to do: `fleet logs` [shows] why")
    assert failure.get("type") == "events"


def test_junit_passes_a_warning_and_keeps_what_it_says() -> None:
    case = ET.fromstring(junit.render(MIXED)).findall(".//testcase")[3]  # noqa: S314  our own
    assert [child.tag for child in case] == ["system-out"]
    assert case[0].text == "30 ms, 50% slower\nto do: compare"


def test_a_person_sees_the_groups_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 150)
    with console.capture() as capture:
        show(MIXED)
    said = re.sub(r"\s+", " ", capture.get())
    assert "resize ✓ state 1 of 1 version 2 is Active" in said
    assert "✗ events 0 of 1 it <said>" in said
    assert "- routes 0 of 1 no API leads to it" in said
    assert "! resize times.warm: 30 ms, 50% slower to do: compare" in said
    assert "to do: `fleet logs` [shows] why" in said
    assert "1 failed, 1 warned, 1 skipped, 2 passed in 2.0 s" in said


def test_a_function_that_terraform_does_not_know(house: House) -> None:
    found = house.validate("resize", "stranger")
    assert [f.result for f in found.functions] == ["passed", "failed"]
    (check,) = [c for c in found.functions[1].checks if c.result == "failed"]
    assert "Terraform's outputs do not know stranger" in check.detail
    assert "make bootstrap ENV=dev" in check.todo


def test_a_function_that_cannot_be_read_says_so_once(house: House) -> None:
    house.refuse = {"get_alias": "AccessDeniedException"}
    checks = house.checks()
    assert [(c.name, c.result) for c in checks.values()] == [
        ("state", "failed"),
        ("times", "skipped"),
    ]


def test_every_function_is_validated_in_the_order_given(house: House) -> None:
    names = [f"missing-{number}" for number in range(30)]
    found = house.validate(*names, FUNCTION)
    assert [f.function for f in found.functions] == [*names, FUNCTION]
    assert found.functions[-1].result == "passed"
    assert all(f.seconds >= 0 for f in found.functions)


def test_an_unknown_function_is_a_usage_error() -> None:
    ended = fleet("validate", "--function", "nothing-of-the-kind")
    assert ended.code == 2
    assert "unknown function" in ended.said


def test_a_report_that_cannot_be_written_is_said_before_anything_is_checked(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    ended = fleet(
        "validate", "--junit", str(tmp_path / "file" / "report.xml"), FLEET_STACK="no:900"
    )
    assert ended.code == 2
    assert "cannot be written" in ended.said


def test_no_stack_is_an_error_and_no_failed_check() -> None:
    ended = fleet("validate", "--json", FLEET_STACK="never-started:900")
    assert ended.code == 4
    assert ended.json["exit_code"] == 4
    assert "AWS does not answer" in ended.json["error"]
