"""What `fleet lake status` finds in the buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fleet.environments import Environment
from fleet.errors import FleetError
from fleet.lake.buckets import LAYERS, Buckets
from fleet.lake.survey import Survey, survey
from standins import nba_shapes
from standins.nba_season import season

SEASON = season(2024, rounds=3)
DAYS = [day.isoformat() for day in sorted(SEASON.by_day)]
GAMES = {day.isoformat(): [g.game_id for g in games] for day, games in SEASON.by_day.items()}


@pytest.fixture
def environment(aws_endpoint: str) -> Environment:
    return Environment(
        "survey", "lambda-fleet", "us-east-1", "x86_64", aws_endpoint, releases=False
    )


@pytest.fixture
def lake(environment: Environment) -> Iterator[Any]:
    """Puts JSON into the layers, which are empty before and gone afterwards."""
    s3 = environment.client("s3")
    account = environment.client("sts").get_caller_identity()["Account"]
    names = {layer: f"lambda-fleet-survey-{layer}-{account}" for layer in LAYERS}
    for name in names.values():
        s3.create_bucket(Bucket=name)

    def put(layer: str, key: str, document: object = None) -> None:
        s3.put_object(Bucket=names[layer], Key=key, Body=json.dumps(document).encode())

    yield put
    for name in names.values():
        for entry in s3.list_objects_v2(Bucket=name).get("Contents", []):
            s3.delete_object(Bucket=name, Key=entry["Key"])
        s3.delete_bucket(Bucket=name)


def schedule(day: str) -> dict[str, Any]:
    games = next((games for at, games in SEASON.by_day.items() if str(at) == day), [])
    return nba_shapes.schedule(SEASON, games)


def looked(environment: Environment) -> Survey:
    return survey(Buckets(environment))


def test_an_empty_lake_is_empty(environment: Environment, lake: Any) -> None:
    found = looked(environment)
    assert found.as_json() == {
        "bronze": {
            "dates": 0,
            "dates_with_games": 0,
            "games": 0,
            "box_scores": 0,
            "first": None,
            "last": None,
            "absent": [],
            "incomplete": [],
        },
        "silver": {"dates": 0, "behind": []},
        "gold": {"dates": 0, "behind": []},
        "quarantine": {"open": {}, "resolved": 0},
    }


def test_gaps_are_named_by_layer(environment: Environment, lake: Any) -> None:
    # The third day has no schedule, the second one lacks a box score.
    for number, day in enumerate(DAYS):
        if number == 2:
            continue
        lake("bronze", f"raw/schedule/{day}/data.json", schedule(day))
        for game in GAMES[day][1 if number == 1 else 0 :]:
            lake("bronze", f"raw/box/{day}/{game}.json", {})
    for day in (DAYS[0], DAYS[3]):
        lake("silver", f"season=2024-25/date={day}/player_games.parquet")
    lake("gold", "index/latest.json", {"seasons": {"2024-25": {"dates": [DAYS[0]]}}})
    found = looked(environment)
    assert found.absent == [DAYS[2]]
    assert found.incomplete == [DAYS[1]]
    told = found.as_json()
    assert told["bronze"]["games"] - told["bronze"]["box_scores"] == 1
    assert told["silver"] == {"dates": 2, "behind": DAYS[4:]}
    assert told["gold"] == {"dates": 1, "behind": [DAYS[3]]}


def test_a_day_without_games_is_no_gap(environment: Environment, lake: Any) -> None:
    lake("bronze", "raw/schedule/2024-08-01/data.json", schedule("2024-08-01"))
    found = looked(environment)
    assert (found.days, found.played, found.incomplete) == (["2024-08-01"], [], [])
    assert found.as_json()["silver"]["behind"] == []


def test_open_records_are_counted_by_class(environment: Environment, lake: Any) -> None:
    states = [
        ("schema_change", "quarantined"),
        ("schema_change", "failed"),
        ("transient", "replaying"),
        ("transient", "resolved"),
    ]
    for number, (fault, status) in enumerate(states):
        record = {"metadata": {"error_classification": fault, "status": status}}
        lake("bronze", f"quarantine/year=2024/month=10/day=22/box/quarantine_{number}.json", record)
    found = looked(environment)
    assert found.quarantine == {"schema_change": 2, "transient": 1}
    assert found.resolved == 1


def test_a_lake_that_is_not_there_is_explained(environment: Environment) -> None:
    with pytest.raises(FleetError, match="there is no bucket lambda-fleet-survey-bronze"):
        looked(environment)
