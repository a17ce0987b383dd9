"""`fleet lake`: what it asks of the function, and how it shows what there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fleet.cli import app
from fleet.commands.lake.status import _days
from fleet.commands.options import Workplace
from fleet.errors import FleetError
from fleet.lake.survey import Survey
from fleet.release.told import Answer
from typer.testing import CliRunner

DONE = {"status": "accepted", "message": "8 box scores follow"}


class Control:
    """The function, as it answers."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.events: list[Any] = []

    def control(self, function: str) -> Control:
        assert function == "bronze-ingestion"
        return self

    def invoke(self, qualifier: str, event: Any) -> Answer:
        assert qualifier == "live"
        self.events.append(event)
        return self.answer


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Control:
    made = Control(Answer(DONE, None, 1.0))
    monkeypatch.setattr(Workplace, "of", lambda env: made)
    return made


def lake(*arguments: str) -> Any:
    ended = CliRunner().invoke(app, ["lake", *arguments, "--json"])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return json.loads(ended.stdout)


@pytest.mark.parametrize(
    ("arguments", "trigger", "parameters"),
    [
        (
            ("backfill", "--from", "2024-11-15"),
            "backfill",
            {"date": "2024-11-15", "date_to": "2024-11-15", "force_run": False, "dry_run": False},
        ),
        (
            ("backfill", "--from", "2024-11-15", "--to", "2024-12-01", "--force", "--dry-run"),
            "backfill",
            {"date": "2024-11-15", "date_to": "2024-12-01", "force_run": True, "dry_run": True},
        ),
        (("replay",), "replay", {"replay": True, "dry_run": False, "classes": []}),
        (
            ("replay", "--class", "transient", "--class", "unknown", "--from", "2024-11-15"),
            "replay",
            {
                "replay": True,
                "dry_run": False,
                "classes": ["transient", "unknown"],
                "date": "2024-11-15",
                "date_to": "2024-11-15",
            },
        ),
    ],
)
def test_what_the_function_is_asked(
    function: Control, arguments: tuple[str, ...], trigger: str, parameters: dict[str, Any]
) -> None:
    assert lake(*arguments) == DONE
    assert function.events == [
        {"source": "fleet", "trigger_type": trigger, "parameters": parameters}
    ]


def test_a_failed_run_ends_with_its_reason(function: Control) -> None:
    failed = {"errorType": "RunFailed", "errorMessage": "the schedule of 2024-11-15 is refused"}
    function.answer = Answer(failed, "Unhandled", 1.0)
    with pytest.raises(FleetError, match="the schedule of 2024-11-15 is refused"):
        lake("backfill", "--from", "2024-11-15")


@pytest.mark.parametrize(
    "arguments",
    [
        ("backfill", "--from", "2024-11-15", "--to", "2024-11-14"),
        ("replay", "--to", "2024-11-15"),
        ("replay", "--from", "2024-11-15", "--to", "2024-11-14"),
    ],
)
def test_days_in_the_wrong_order_are_refused(function: Control, arguments: tuple[str, ...]) -> None:
    with pytest.raises(FleetError, match="--to"):
        lake(*arguments)
    assert function.events == []


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ([], ""),
        (["2024-11-15"], "2024-11-15"),
        (["2024-12-01", "2024-11-30", "2024-11-28"], "2024-11-28, 2024-11-30 to 2024-12-01"),
        (
            [f"2024-11-{day:02d}" for day in range(1, 17, 2)],
            "2024-11-01, 2024-11-03, 2024-11-05, 2024-11-07, 2024-11-09, 2024-11-11 and 2 more",
        ),
    ],
)
def test_days_are_shown_as_ranges(days: list[str], text: str) -> None:
    assert _days(days) == text


def test_a_layer_is_behind_by_what_the_one_before_has() -> None:
    days = ["2024-11-15", "2024-11-17", "2024-11-18"]
    found = Survey(
        days=days,
        games=dict(zip(days, (8, 0, 7), strict=True)),
        boxes={"2024-11-15": 8, "2024-11-18": 6},
        silver=set(),
        gold=set(),
    )
    assert found.absent == ["2024-11-16"]
    assert found.incomplete == ["2024-11-18"]
    assert found.as_json()["silver"]["behind"] == ["2024-11-15"]
