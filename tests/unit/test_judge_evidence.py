"""Counts of each version, from metrics as CloudWatch gives them.

StartTime is inclusive, EndTime exclusive, a call takes 500 queries, PartialData goes on at
NextToken (Amazon CloudWatch API Reference, GetMetricData). Lambda's metrics stand under the
minute in which an invocation began, and have ExecutedVersion while an alias has weights (AWS
Lambda Developer Guide, Types of metrics for Lambda functions).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fleet.environments import Environment
from fleet.errors import FleetError
from fleet.release.judge.evidence import Counts, Evidence

from tests.kit.answering import Answering, refusal

ENVIRONMENT = Environment("dev", "lambda-fleet", "eu-west-1", "arm64", None, releases=True)
NAME = "lambda-fleet-dev-thumbnails"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
EVERYTHING = ""


class Metrics:
    """AWS/Lambda's metrics of one alias: values by metric, version and minute after noon."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], dict[int, float]] = {}
        self.page = 100
        self.status = "Complete"

    def has(
        self, version: str, invocations: dict[int, float], errors: dict[int, float] | None = None
    ) -> None:
        self.values["Invocations", version] = invocations
        if errors is not None:
            self.values["Errors", version] = errors

    def get(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        assert operation == "GetMetricData"
        assert len(asked["MetricDataQueries"]) <= 500
        skip = int(asked.get("NextToken", 0))
        series = [self._series(query, asked) for query in asked["MetricDataQueries"]]
        longest = max(len(values) for _, values in series)
        more = skip + self.page < longest
        results = [
            {
                "Id": name,
                "Timestamps": [minute for minute, _ in values[skip : skip + self.page]],
                "Values": [value for _, value in values[skip : skip + self.page]],
                "StatusCode": "PartialData" if more else self.status,
            }
            for name, values in series
        ]
        return {"MetricDataResults": results} | (
            {"NextToken": str(skip + self.page)} if more else {}
        )

    def _series(
        self, query: dict[str, Any], asked: dict[str, Any]
    ) -> tuple[str, list[tuple[datetime, float]]]:
        stat = query["MetricStat"]
        assert (stat["Period"], stat["Stat"]) == (60, "Sum")
        assert stat["Metric"]["Namespace"] == "AWS/Lambda"
        dimensions = {pair["Name"]: pair["Value"] for pair in stat["Metric"]["Dimensions"]}
        version = dimensions.pop("ExecutedVersion", EVERYTHING)
        assert dimensions == {"FunctionName": NAME, "Resource": f"{NAME}:live"}
        values = self.values.get((stat["Metric"]["MetricName"], version), {})
        moments = {datetime.fromtimestamp(NOON + m * 60, UTC): v for m, v in values.items()}
        return query["Id"], [
            (moment, value)
            for moment, value in sorted(moments.items())
            if asked["StartTime"] <= moment < asked["EndTime"]
        ]


@pytest.fixture(scope="module")
def cloudwatch() -> Answering:
    return Answering("cloudwatch")


@pytest.fixture
def metrics(cloudwatch: Answering) -> Metrics:
    metrics = Metrics()
    cloudwatch.reset(metrics.get)
    return metrics


@pytest.fixture
def evidence(cloudwatch: Answering) -> Evidence:
    return Evidence(ENVIRONMENT, cloudwatch.client)


def test_each_version_has_its_own_counts(metrics: Metrics, evidence: Evidence) -> None:
    metrics.has("7", {0: 90, 1: 80}, {0: 1, 1: 2})
    metrics.has("8", {0: 10, 1: 20}, {1: 5})
    assert evidence.read("thumbnails", ["7", "8"], NOON, NOON + 120) == {
        "7": Counts(170, 3),
        "8": Counts(30, 5),
    }


def test_missing_errors_are_none(metrics: Metrics, evidence: Evidence) -> None:
    metrics.has("8", {0: 10})
    assert evidence.read("thumbnails", ["8"], NOON, NOON + 60) == {"8": Counts(10, 0)}


def test_missing_invocations_are_no_evidence(metrics: Metrics, evidence: Evidence) -> None:
    metrics.values["Errors", "8"] = {0: 3}
    assert evidence.read("thumbnails", ["8"], NOON, NOON + 60) == {"8": None}


def test_errors_that_are_ahead_of_their_invocations_are_at_most_all_of_these(
    metrics: Metrics, evidence: Evidence
) -> None:
    metrics.has("8", {0: 2}, {0: 3})
    assert evidence.read("thumbnails", ["8"], NOON, NOON + 60) == {"8": Counts(2, 2)}


def test_minutes_that_the_canary_begins_and_is_looked_at_in_are_counted_for_both(
    metrics: Metrics, evidence: Evidence
) -> None:
    metrics.has("7", {-1: 500, 0: 30, 1: 90, 2: 45, 3: 500})
    metrics.has("8", {0: 3, 1: 10, 2: 5})
    assert evidence.read("thumbnails", ["7", "8"], NOON + 40, NOON + 150) == {
        "7": Counts(165, 0),
        "8": Counts(18, 0),
    }


def test_each_split_of_traffic_is_a_part_and_a_minute_of_two_splits_too(
    metrics: Metrics, evidence: Evidence
) -> None:
    metrics.has("7", {0: 90, 1: 90, 2: 70, 3: 50, 4: 50}, {0: 1, 4: 2})
    metrics.has("8", {1: 10, 2: 30, 3: 50, 4: 50}, {2: 3})
    changes = [NOON, NOON + 150]
    seen = evidence.read("thumbnails", ["7", "8"], NOON, NOON + 300, changes)
    old, new = seen["7"], seen["8"]
    assert old
    assert new
    assert old.parts == (Counts(180, 1), Counts(70, 0), Counts(100, 2))
    assert new.parts == (Counts(10, 0), Counts(30, 3), Counts(100, 0))


def test_a_change_at_the_turn_of_a_minute_parts_it_from_the_one_before(
    metrics: Metrics, evidence: Evidence
) -> None:
    metrics.has("7", {0: 90, 1: 50, 2: 50})
    seen = evidence.read("thumbnails", ["7"], NOON, NOON + 180, [NOON, NOON + 60])["7"]
    assert seen
    assert seen.parts == (Counts(90, 0), Counts(100, 0))


def test_smoke_events_that_are_added_are_in_no_part() -> None:
    traffic = Counts(10, 1, (Counts(10, 1),))
    both = traffic + Counts(59, 0)
    assert both == Counts(69, 1)
    assert both.parts == (Counts(10, 1),)
    assert (both.rate, Counts(0, 0).rate) == (1 / 69, 0)


def test_an_answer_in_pages_is_added_up(
    cloudwatch: Answering, metrics: Metrics, evidence: Evidence
) -> None:
    metrics.page = 2
    metrics.has("7", dict.fromkeys(range(5), 10.0), {4: 3})
    assert evidence.read("thumbnails", ["7"], NOON, NOON + 300) == {"7": Counts(50, 3)}
    assert len(cloudwatch.calls) == 3


def test_more_than_500_queries_are_several_calls(
    cloudwatch: Answering, metrics: Metrics, evidence: Evidence
) -> None:
    versions = [str(number) for number in range(300)]
    metrics.has("299", {0: 4}, {0: 1})
    seen = evidence.read("thumbnails", versions, NOON, NOON + 60)
    assert [version for version, counts in seen.items() if counts] == ["299"]
    assert [len(asked["MetricDataQueries"]) for _, asked in cloudwatch.calls] == [500, 100]


@pytest.mark.parametrize("status", ["InternalError", "Forbidden", "PartialData"])
def test_half_an_answer_is_none(status: str, metrics: Metrics, evidence: Evidence) -> None:
    metrics.status = status
    metrics.has("8", {0: 10})
    with pytest.raises(FleetError, match=status):
        evidence.read("thumbnails", ["8"], NOON, NOON + 60)


def test_metrics_that_may_not_be_read_are_no_silence(
    cloudwatch: Answering, evidence: Evidence
) -> None:
    def refuse(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        raise refusal("AccessDenied", "not authorized to perform: cloudwatch:GetMetricData")

    cloudwatch.reset(refuse)
    with pytest.raises(FleetError, match=f"metrics of {NAME} cannot be read.*GetMetricData") as no:
        evidence.read("thumbnails", ["8"], NOON, NOON + 60)
    assert "deploy role of dev" in no.value.todo
