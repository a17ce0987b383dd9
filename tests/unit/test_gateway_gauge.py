"""How busy a process is, as its metrics say."""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from lambda_action import gauge
from lambda_action.limits import Places

TURNS = 10  # samples of one line


class _Audit:
    def __init__(self) -> None:
        self.told: dict[str, Any] = {"status": "ok", "waiting": 0, "lost": 0}

    def state(self) -> dict[str, Any]:
        return self.told


class Process:
    """A process of the gateway, to whom something happens in each second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places, self.audit = Places(8), _Audit()
        self.seconds: list[float] = []
        self.plan: dict[int, Any] = {}
        monkeypatch.setattr(gauge, "asyncio", SimpleNamespace(sleep=self._sleep))

    async def _sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if happens := self.plan.get(len(self.seconds)):
            happens()

    def run(self, lines: int) -> None:
        """Until so many lines were written."""

        def stop() -> None:
            raise asyncio.CancelledError

        self.plan[lines * TURNS + 1] = stop
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(gauge.report(self, "lambda-action", "test"))  # type: ignore[arg-type]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    return Process(monkeypatch)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_places_are_sampled_each_second_and_told_every_ten(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    process.plan[4] = process.places.take
    process.plan[8] = process.places.take
    process.run(1)
    [line] = lines(capsys)
    assert line["UnderWay"] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert set(process.seconds) == {1.0}
    assert (line["service"], line["environment"]) == ("lambda-action", "test")


def test_the_metric_that_autoscaling_reads_is_a_count_by_service_and_environment(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    process.run(1)
    [directive] = lines(capsys)[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "LambdaFleet"
    assert directive["Dimensions"] == [["service", "environment"]]
    assert {"Name": "UnderWay", "Unit": "Count"} in directive["Metrics"]


def test_refusals_and_losses_are_those_since_the_last_line(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(count: int) -> Any:
        return lambda: setattr(process.places, "refused", process.places.refused + count)

    def lose() -> None:
        process.audit.told |= {"lost": 7, "waiting": 3}

    process.plan |= {2: refuse(5), TURNS + 3: refuse(2), TURNS + 4: lose}
    process.run(3)
    found = lines(capsys)
    assert [line["Refused"] for line in found] == [5, 2, 0]
    assert [line["AuditLost"] for line in found] == [0, 7, 0]
    assert [line["AuditWaiting"] for line in found] == [0, 3, 3]


def test_an_audit_that_is_off_has_nothing_to_lose(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    process.audit.told = {"status": "ok", "mode": "off"}
    process.run(1)
    [line] = lines(capsys)
    assert (line["AuditLost"], line["AuditWaiting"]) == (0, 0)
