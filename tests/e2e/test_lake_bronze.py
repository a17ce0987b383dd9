"""A season, or a month of one, into the lake's first layer: the local stack, IAM enforced."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standins import nba_shapes
from standins.nba_season import season

from tests.e2e.conftest import Stack
from tests.kit.program import fleet

pytestmark = pytest.mark.stack
SEASON = season(2024)
DAYS = sorted(SEASON.by_day)
# The first month; the whole season of 1,230 games takes four minutes. Its way from bronze to gold
# is in tests/integration/test_lake_season.py.
if not os.environ.get("FLEET_TEST_WHOLE_SEASON"):
    DAYS = DAYS[:30]
GAMES = [game for day in DAYS for game in SEASON.by_day[day]]
FIRST, LAST = str(DAYS[0]), str(DAYS[-1])


@pytest.fixture
def source(stack: Stack) -> Iterator[httpx.Client]:
    """The stand-in for stats.nba.com, as it was started."""
    assert stack.environment.instance is not None
    base = f"http://127.0.0.1:{stack.environment.instance.nba_port}"
    with httpx.Client(base_url=base, trust_env=False) as client:
        behave(client)
        yield client
        behave(client)


def behave(source: httpx.Client, **behaviour: Any) -> None:
    source.put("/__control", json={"rate_per_minute": None} | behaviour).raise_for_status()


def lake(*arguments: str) -> Any:
    ended = fleet("lake", *arguments, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def settled(stack: Stack) -> None:
    """Return when nothing is under way in the queue."""
    sqs, url = stack.client("sqs"), stack.place.terraform.outputs()["hoopstat"]["queue_url"]
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "Delayed", "NotVisible")]
    until = time.monotonic() + 120
    while time.monotonic() < until:
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        if not any(int(counts.get(name, 0)) for name in names):
            return
        time.sleep(0.5)
    raise TimeoutError(f"messages stay in the queue: {counts}")


def objects(stack: Stack, prefix: str) -> dict[str, tuple[str, str]]:
    """ETag and time of every object, by key."""
    bucket = stack.place.terraform.outputs()["hoopstat"]["buckets"]["bronze"]
    pages = stack.client("s3").get_paginator("list_objects_v2")
    return {
        entry["Key"]: (entry["ETag"].strip('"'), str(entry["LastModified"]))
        for page in pages.paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
    }


def test_what_was_played_lands_byte_for_byte_and_is_fetched_once(
    stack: Stack, source: httpx.Client
) -> None:
    lake("backfill", "--from", FIRST, "--to", LAST)
    settled(stack)
    landed = objects(stack, "raw/box/")
    assert len(landed) >= len(GAMES) > 200
    for game in GAMES:
        document = nba_shapes.box_score(game)
        del document["meta"]["time"]
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        assert landed[f"raw/box/{game.day}/{game.game_id}.json"][0] == etag

    behave(source)  # an empty ledger
    before = objects(stack, "")
    assert lake("backfill", "--from", FIRST, "--to", LAST)["status"] == "success"
    settled(stack)
    assert source.get("/__ledger").json() == []
    assert objects(stack, "") == before


def test_status_counts_what_is_there(stack: Stack, source: httpx.Client) -> None:
    lake("backfill", "--from", FIRST, "--to", "2024-10-24")
    settled(stack)
    found = lake("status")
    assert found["bronze"]["first"] == FIRST
    assert found["bronze"]["box_scores"] == found["bronze"]["games"] >= 23
    assert found["bronze"]["incomplete"] == []


def test_a_changed_schema_is_refused_counted_and_replayed(
    stack: Stack, source: httpx.Client
) -> None:
    day = str(max(season(2023).by_day))
    behave(source, shape="changed")
    ended = fleet("lake", "backfill", "--from", day)
    assert ended.code == 4
    assert re.search(r"not one of \d+ box scores", ended.err)
    assert lake("status")["quarantine"]["open"]["schema_change"] > 0
    behave(source)
    planned = lake("replay", "--class", "schema_change", "--from", day, "--dry-run")
    assert "would be replayed" in planned["message"]
    lake("replay", "--class", "schema_change", "--from", day)
    settled(stack)
    found = lake("status")
    assert found["quarantine"]["open"] == {}
    assert found["bronze"]["incomplete"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("backfill", "--from", "2024-11-15", "--to", "2024-11-14"),
        ("replay", "--to", "2024-11-14"),
        ("backfill", "--from", "15.11.2024"),
        ("replay", "--class", "bad"),
    ],
)
def test_what_nobody_can_mean_is_refused(stack: Stack, arguments: tuple[str, ...]) -> None:
    assert fleet("lake", *arguments).code == 2
