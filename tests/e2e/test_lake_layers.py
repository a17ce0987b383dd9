"""A day on its way from the source to gold: every function, bucket and queue in between."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from fleet.release.told import ALIAS
from standins import nba_season

from tests.e2e.conftest import Stack
from tests.kit import lake_truth
from tests.kit.process import until

pytestmark = pytest.mark.stack
DAY = date(2024, 12, 3)
SEASON = nba_season.season(2024)


def read(stack: Stack, uri: str) -> Any:
    """An object of gold; None when there is none."""
    bucket = f"lambda-fleet-local-gold-{stack.client('sts').get_caller_identity()['Account']}"
    s3 = stack.client("s3")
    try:
        answer = s3.get_object(Bucket=bucket, Key=f"{uri}.json")
    except s3.exceptions.NoSuchKey:
        return None
    with answer["Body"] as body:
        return json.loads(body.read())


def test_a_day_that_is_fetched_is_in_gold(stack: Stack) -> None:
    fetched = stack.place.control("bronze-ingestion").invoke(
        ALIAS, {"source": "test", "trigger_type": "manual", "parameters": {"date": str(DAY)}}
    )
    assert fetched.function_error is None, fetched.payload

    def arrived() -> bool:
        index = read(stack, "index/latest") or {"seasons": {}}
        return str(DAY) in index["seasons"].get(SEASON.label, {}).get("dates", [])

    until(arrived, seconds=120)
    games = SEASON.by_day[DAY]
    for player_id, own in lake_truth.lines(games).items():
        found = read(stack, f"player_daily/{DAY}/{player_id}")
        lake_truth.stats_are_true(found["stats"], lake_truth.player_totals(own), 1)
    for team_id, pairs in lake_truth.sides(games).items():
        found = read(stack, f"team_daily/{DAY}/{team_id}")
        lake_truth.stats_are_true(found["stats"], lake_truth.team_totals(pairs), 1)
    # Of the season there are those days that were fetched, by whichever test.
    known = read(stack, "index/latest")["seasons"][SEASON.label]["dates"]
    played = [game for day in known for game in SEASON.by_day[date.fromisoformat(day)]]
    for team_id, pairs in lake_truth.sides(played).items():
        found = read(stack, f"team_season/{SEASON.label}/{team_id}")
        lake_truth.stats_are_true(found["stats"], lake_truth.team_totals(pairs), len(pairs))
