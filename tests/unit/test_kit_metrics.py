from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from function_kit import metrics
from function_kit.metrics import Metrics

# The schema of CloudWatch's specification, with the limits that its text states.
EMF = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_000_000_000_000},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "maxItems": 30,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {
                                            "type": "string",
                                            "minLength": 1,
                                            "maxLength": 1024,
                                        },
                                        "Unit": {
                                            "type": "string",
                                            "pattern": "^(Seconds|Microseconds|Milliseconds|Bytes|"
                                            "Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|"
                                            "Megabits|Gigabits|Terabits|Percent|Count|"
                                            "Bytes\\/Second|Kilobytes\\/Second|Megabytes\\/Second|"
                                            "Gigabytes\\/Second|Terabytes\\/Second|Bits\\/Second|"
                                            "Kilobits\\/Second|Megabits\\/Second|Gigabits\\/Second|"
                                            "Terabits\\/Second|Count\\/Second|None)$",
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


def make() -> Metrics:
    return Metrics("LambdaFleet", "example", "dev", clock=lambda: 1_767_225_600.123)


def flushed(collection: Metrics, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    collection.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        jsonschema.validate(line, EMF)
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        for (dimension,) in ([name] for names in directive["Dimensions"] for name in names):
            assert isinstance(line[dimension], str)
        for metric in directive["Metrics"]:
            values = line[metric["Name"]]
            assert all(isinstance(v, int | float) for v in ([values] if not isinstance(values, list) else values))
            assert not isinstance(values, list) or len(values) <= 100
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
