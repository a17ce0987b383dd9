from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from function_kit import metrics
from function_kit.metrics import UNITS, Metrics
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

# CloudWatch's specification of the format, with the limits that its text states.
type Name = Annotated[str, Field(min_length=1, max_length=1024)]
SIZES = "(Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits|Terabits)"
UNIT = f"^(Seconds|Microseconds|Milliseconds|Percent|None|(Count|{SIZES})(/Second)?)$"


class Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Definition(Part):
    Name: Name
    Unit: Annotated[str, Field(pattern=UNIT)]


class Directive(Part):
    Namespace: Name
    Dimensions: Annotated[
        list[Annotated[list[Annotated[str, Field(max_length=250)]], Field(max_length=30)]],
        Field(min_length=1),
    ]
    Metrics: Annotated[list[Definition], Field(min_length=1, max_length=100)]


class Metadata(Part):
    Timestamp: Annotated[int, Field(ge=1_000_000_000_000, le=9_999_999_999_999)]
    CloudWatchMetrics: Annotated[list[Directive], Field(min_length=1)]


VALUES: TypeAdapter[Any] = TypeAdapter(float | Annotated[list[float], Field(max_length=100)])


def check(line: dict[str, Any]) -> None:
    """Hold a line against the specification."""
    for directive in Metadata.model_validate(line["_aws"]).CloudWatchMetrics:
        for names in directive.Dimensions:
            assert all(isinstance(line[name], str) for name in names)
        for metric in directive.Metrics:
            VALUES.validate_python(line[metric.Name], strict=True)


def make() -> Metrics:
    return Metrics("LambdaFleet", "example", "dev", clock=lambda: 1_767_225_600.123)


def flushed(collection: Metrics, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    collection.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        check(line)
    return lines


def test_a_line_is_what_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    collection = make()
    collection.add("DigestsSent", 3)
    collection.add("Duration", 12.5, "Milliseconds")
    (line,) = flushed(collection, capsys)
    assert line == {
        "_aws": {
            "Timestamp": 1_767_225_600_123,
            "CloudWatchMetrics": [
                {
                    "Namespace": "LambdaFleet",
                    "Dimensions": [["service", "environment"]],
                    "Metrics": [
                        {"Name": "DigestsSent", "Unit": "Count"},
                        {"Name": "Duration", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
        "service": "example",
        "environment": "dev",
        "DigestsSent": 3,
        "Duration": 12.5,
    }


def test_values_of_one_metric_are_kept_together(capsys: pytest.CaptureFixture[str]) -> None:
    collection = make()
    for value in (1, 2, 2.5):
        collection.add("n", value)
    assert flushed(collection, capsys)[0]["n"] == [1, 2, 2.5]


def test_nothing_is_written_when_nothing_was_added(capsys: pytest.CaptureFixture[str]) -> None:
    assert flushed(make(), capsys) == []


def test_a_flush_starts_afresh(capsys: pytest.CaptureFixture[str]) -> None:
    collection = make()
    collection.add("n", 1, "Bytes")
    flushed(collection, capsys)
    collection.add("n", 2, "Seconds")
    assert flushed(collection, capsys)[0]["n"] == 2
    assert flushed(collection, capsys) == []


def test_a_hundred_metrics_are_one_line_and_more_are_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    collection = make()
    for number in range(100):
        collection.add(f"m{number}", number)
    assert len(flushed(collection, capsys)) == 1
    for number in range(250):
        collection.add(f"m{number}", number)
    lines = flushed(collection, capsys)
    sizes = [len(line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in lines]
    assert sizes == [100, 100, 50]
    assert {k: v for line in lines for k, v in line.items() if k[0] == "m"} == {
        f"m{number}": number for number in range(250)
    }


def test_no_value_is_lost_when_a_metric_has_more_than_a_line_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    collection = make()
    for number in range(250):
        collection.add("n", number)
    collection.add("other", 1)
    lines = flushed(collection, capsys)
    assert [value for line in lines for value in line["n"]] == list(range(250))
    assert [line["other"] for line in lines if "other" in line] == [1]


@pytest.mark.parametrize(
    ("name", "value", "unit", "reason"),
    [
        ("n", 1, "Kilos", "unknown unit"),
        ("n", float("nan"), "Count", "finite"),
        ("n", float("inf"), "Count", "finite"),
        ("", 1, "Count", "empty"),
        ("  ", 1, "Count", "empty"),
        ("x" * 1025, 1, "Count", "too long"),
        ("service", 1, "Count", "reserved"),
        ("environment", 1, "Count", "reserved"),
        ("_aws", 1, "Count", "reserved"),
    ],
)
def test_what_cloudwatch_would_drop_is_refused(
    name: str, value: float, unit: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        make().add(name, value, unit)


def test_every_unit_of_the_specification_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    collection = make()
    for unit in UNITS:
        collection.add(f"in {unit}", 1, unit)
    flushed(collection, capsys)
    assert len(UNITS) == 27


def test_one_metric_has_one_unit() -> None:
    collection = make()
    collection.add("n", 1, "Bytes")
    with pytest.raises(ValueError, match="already in Bytes"):
        collection.add("n", 1)


def test_all_collections_of_the_process_can_be_flushed(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = make(), make()
    one.add("a", 1)
    other.add("b", 2)
    metrics.flush_all()
    out = capsys.readouterr().out
    assert '"a": 1' in out
    assert '"b": 2' in out
