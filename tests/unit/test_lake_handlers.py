"""The edges of silver-processing and gold-analytics: batches in, failures of messages out."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from function_kit import arrivals
from function_kit.aws_errors import AwsError
from gold_analytics.days import SchemaChangedError
from gold_analytics.gold import Written
from pydantic import ValidationError
from silver_processing.request import Request
from silver_processing.run import Report

from tests.kit.invoke import LambdaContext

ENVIRONMENT = {
    "ENVIRONMENT": "local",
    "AWS_REGION": "us-east-1",
    "BRONZE_BUCKET": "bronze",
    "SILVER_BUCKET": "silver",
    "GOLD_BUCKET": "gold",
}
SUMMARY = "_metadata/summary.json"


def message(message_id: str, bucket: str, *keys: str, **more: Any) -> dict[str, Any]:
    records = [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
    return {"messageId": message_id, "body": json.dumps({"Records": records, **more})}


def batch(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"Records": list(messages)}


def failed(answer: dict[str, Any]) -> list[str]:
    assert set(answer) == {"batchItemFailures"}
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def day(date: str, season: str = "2024-25") -> str:
    """A key as S3 reports it: percent-encoded."""
    return f"season%3D{season}/date%3D{date}/player_games.parquet"


@pytest.fixture
def silver() -> Iterator[Any]:
    with mock.patch.dict("os.environ", ENVIRONMENT):
        # Again, for the module may have been loaded with other variables.
        yield importlib.reload(importlib.import_module("silver_processing.handler"))


@pytest.fixture
def gold() -> Iterator[Any]:
    with mock.patch.dict("os.environ", ENVIRONMENT):
        yield importlib.reload(importlib.import_module("gold_analytics.handler"))


def test_s3s_notifications_are_read_out_of_their_messages() -> None:
    test_message = {"messageId": "t", "body": json.dumps({"Event": "s3:TestEvent"})}
    read = arrivals.read(batch(message("a", "silver", "a%3Db/c+d.json"), test_message))
    assert read == ([("a", "silver", "a=b/c d.json")], [])


@pytest.mark.parametrize(
    "body", ["", "no JSON", "[]", "{}", '{"Records": []}', '{"Records": [{"s3": {}}]}']
)
def test_a_message_that_is_no_notification_fails_alone(body: str) -> None:
    strange = {"messageId": "x", "body": body}
    read = arrivals.read(batch(strange, message("a", "bronze", SUMMARY)))
    assert (read.unreadable, [each.message_id for each in read.arrivals]) == (["x"], ["a"])


def test_one_run_deals_with_every_message_about_the_summary(silver: Any) -> None:
    with mock.patch.object(silver.Run, "catch_up", return_value=Report()) as run:
        event = batch(message("a", "bronze", SUMMARY), message("b", "bronze", SUMMARY))
        assert failed(silver.handler(event, LambdaContext())) == []
    run.assert_called_once_with()


@pytest.mark.parametrize(
    "strange", [("gold", SUMMARY), ("bronze", "raw/schedule/2024-11-15/data.json")]
)
def test_silver_fails_what_is_not_the_summary(silver: Any, strange: tuple[str, str]) -> None:
    with mock.patch.object(silver.Run, "catch_up", return_value=Report()) as run:
        event = batch(message("s", *strange), message("a", "bronze", SUMMARY))
        assert failed(silver.handler(event, LambdaContext())) == ["s"]
        assert failed(silver.handler(batch(message("s", *strange)), LambdaContext())) == ["s"]
    run.assert_called_once_with()


def test_silver_leaves_messages_that_it_could_not_deal_with(silver: Any) -> None:
    with mock.patch.object(silver.Run, "catch_up", side_effect=AwsError("SlowDown", "reading")):
        event = batch(message("a", "bronze", SUMMARY), message("b", "bronze", SUMMARY))
        assert failed(silver.handler(event, LambdaContext())) == ["a", "b"]


def test_silver_makes_the_days_it_is_asked_for(silver: Any) -> None:
    report = Report(written=["2024-11-15"])
    with mock.patch.object(silver.Run, "days", return_value=report) as run:
        answer = silver.handler({"dates": ["2024-11-15", "2024-11-15"]}, LambdaContext())
    assert answer["written"] == ["2024-11-15"]
    assert [str(each) for each in run.call_args.args[0]] == ["2024-11-15"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"dates": []},
        {"dates": ["15.11.2024"]},
        {"from": "2024-11-15"},
        {"dates": ["2024-11-15"], "from": "2024-11-15", "to": "2024-11-15"},
        {"from": "2024-11-15", "to": "2024-11-14"},
        {"from": "2020-01-01", "to": "2024-11-14"},
        {"dates": ["2024-11-15"], "force": True},
    ],
)
def test_silver_refuses_other_requests(silver: Any, event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        silver.handler(event, LambdaContext())


def test_a_range_of_days_has_both_its_ends() -> None:
    days = Request.model_validate({"from": "2024-12-30", "to": "2025-01-01"}).days()
    assert [str(each) for each in days] == ["2024-12-30", "2024-12-31", "2025-01-01"]


def test_gold_looks_at_each_season_once(gold: Any) -> None:
    event = batch(
        message("a", "silver", day("2024-11-15")),
        message("b", "silver", day("2024-11-16"), day("2023-11-16", "2023-24")),
    )
    with mock.patch.object(gold.Run, "season", return_value=Written()) as run:
        assert failed(gold.handler(event, LambdaContext())) == []
    assert [call.args for call in run.call_args_list] == [("2023-24",), ("2024-25",)]


@pytest.mark.parametrize("error", [AwsError("SlowDown", "x"), SchemaChangedError("2.0")])
def test_gold_fails_the_messages_of_a_season_that_failed(
    gold: Any, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def season(name: str) -> Written:
        if name == "2024-25":
            raise error
        return Written()

    event = batch(
        message("a", "silver", day("2024-11-15")),
        message("b", "silver", day("2023-11-16", "2023-24")),
        message("c", "silver", day("2024-11-16")),
    )
    with mock.patch.object(gold.Run, "season", side_effect=season):
        assert failed(gold.handler(event, LambdaContext())) == ["a", "c"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["SchemaChanges"] == isinstance(error, SchemaChangedError)
    assert metrics["SeasonsBroughtUpToDate"] == 1


@pytest.mark.parametrize(
    "strange",
    [
        ("bronze", day("2024-11-15")),
        ("silver", "_metadata/progress.json"),
        ("silver", "season=2024-25/date=x/player_games.parquet"),
    ],
)
def test_gold_fails_what_is_no_day_of_silver(gold: Any, strange: tuple[str, str]) -> None:
    with mock.patch.object(gold.Run, "season") as run:
        assert failed(gold.handler(batch(message("s", *strange)), LambdaContext())) == ["s"]
    run.assert_not_called()


def test_gold_looks_at_every_day_of_the_seasons_it_is_asked_for(gold: Any) -> None:
    with mock.patch.object(gold.Run, "season", return_value=Written(3, 1, 2)) as run:
        answer = gold.handler({"seasons": ["2024-25"]}, LambdaContext())
    assert answer == {"2024-25": {"written": 3, "deleted": 1, "unchanged": 2}}
    run.assert_called_once_with("2024-25", every=True)


@pytest.mark.parametrize("event", [{}, {"seasons": []}, {"seasons": ["2024"]}, {"season": "x"}])
def test_gold_refuses_other_requests(gold: Any, event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        gold.handler(event, LambdaContext())
