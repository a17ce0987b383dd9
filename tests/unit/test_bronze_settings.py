"""bronze-ingestion's environment, and how far gold is behind."""

from __future__ import annotations

import json

import pytest
from bronze_ingestion.freshness import Freshness
from bronze_ingestion.settings import BronzeSettings
from function_kit.settings import ConfigurationError, load

from tests.kit.bronze import World
from tests.kit.bronze_memory import Clock, MemoryBucket

GOOD = {
    "ENVIRONMENT": "prod",
    "BRONZE_BUCKET": "bronze",
    "GOLD_BUCKET": "gold",
    "INGESTION_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/bronze",
    "INGESTION_TABLE": "bronze",
    "SOURCE_URL": "https://stats.nba.com/stats/",
}


def settings(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> BronzeSettings:
    for name, value in {**GOOD, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return load(BronzeSettings)


def test_the_contracts_rate_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch)
    assert (found.rate_per_minute, found.rate_gap) == (30, 1.0)
    assert found.source_url == "https://stats.nba.com/stats"
    assert found.reserve > found.source_timeout


@pytest.mark.parametrize("name", [name for name in GOOD if name != "ENVIRONMENT"])
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is not set"):
        settings(monkeypatch, **{name: None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOURCE_URL", "http://stats.nba.com/stats"),
        ("SOURCE_URL", "stats.nba.com"),
        ("INGESTION_QUEUE_URL", "bronze"),
        ("BRONZE_BUCKET", "Bronze!"),
        ("RATE_PER_MINUTE", "0"),
        ("RATE_GAP", "-1"),
        ("PATIENCE", "60"),
    ],
)
def test_a_bad_variable_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        settings(monkeypatch, **{name: value})
    assert f"{value} " not in str(caught.value)


def summary(latest: str | None) -> bytes:
    return json.dumps({"bronze_layer_stats": {"latest_date": latest}}).encode()


@pytest.mark.parametrize(
    ("bronze", "gold", "behind"),
    [
        (None, None, None),
        (summary(None), None, None),
        (summary("2024-11-15"), None, 365),
        (summary("2024-11-15"), b'{"latest_date": "2024-11-15"}', 0),
        (summary("2024-11-15"), b'{"latest_date": "2024-11-12"}', 3),
        (summary("2024-11-15"), b'{"latest_date": "2024-11-16"}', 0),
        (summary("2024-11-15"), b'{"latest_date": null}', 365),
    ],
)
def test_how_far_gold_is_behind(
    bronze: bytes | None, gold: bytes | None, behind: int | None
) -> None:
    buckets = MemoryBucket(Clock()), MemoryBucket(Clock())
    for bucket, key, body in zip(
        buckets, ("_metadata/summary.json", "index/latest.json"), (bronze, gold), strict=True
    ):
        if body is not None:
            bucket.put(key, body, "application/json")
    assert Freshness(*buckets).days_behind() == behind  # type: ignore[arg-type]


def test_only_the_daily_run_measures_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(rounds=1, per_minute=60_000)
    world.ask(date=world.first_day)
    world.drain()
    world.metrics.flush()
    assert "ScheduledRuns" not in capsys.readouterr().out
    world.ask(days_back=2)
    world.metrics.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert lines[0]["ScheduledRuns"] == 1
    assert lines[0]["GoldDaysBehind"] == 365
