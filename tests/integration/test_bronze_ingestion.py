"""bronze-ingestion on a real bucket, queue and table, with the source over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from bronze_ingestion.ingestion import RunFailed
from function_kit.handler import SmokeFailed
from standins.nba import Behaviour
from standins.nba_season import season

from tests.kit.bronze_aws import BronzeAws, bronze_aws
from tests.kit.program import ROOT

DAY = date(2024, 10, 22)
GAMES = [game.game_id for game in season(2024).by_day[DAY]]


@pytest.fixture(scope="module")
def surroundings(aws_endpoint: str) -> Iterator[BronzeAws]:
    with bronze_aws(aws_endpoint) as made:
        yield made


@pytest.fixture
def world(surroundings: BronzeAws) -> BronzeAws:
    surroundings.reset()
    return surroundings


def behave(world: BronzeAws, **behaviour: Any) -> None:
    world.source.reset(Behaviour(rate_per_minute=None, **behaviour))


def test_a_day_lands_and_a_second_run_touches_nothing(world: BronzeAws) -> None:
    with world.function() as function:
        answer = function.ask(date=str(DAY))
        assert (answer["status"], answer["target_date"]) == ("success", str(DAY))
        before = world.objects()
        assert sorted(before) == sorted(
            ["_metadata/summary.json", f"raw/schedule/{DAY}/data.json"]
            + [f"raw/box/{DAY}/{game}.json" for game in GAMES]
        )
        asked = world.asked()
        assert function.ask(date=str(DAY))["status"] == "success"
    assert world.objects() == before
    assert world.asked() == asked
    head = world.client("s3").head_object(
        Bucket=world.variables["BRONZE_BUCKET"], Key=f"raw/box/{DAY}/{GAMES[0]}.json"
    )
    assert head["ContentType"] == "application/json"
    assert head["Metadata"] == {"entity": "box", "date": str(DAY), "format": "json"}
    entry = world.summary()["dates"][str(DAY)]
    assert entry["games"] == GAMES
    etags = {game: head["ETag"].strip('"') for game in GAMES[:1]}
    assert {game: entry["box_etags"][game] for game in GAMES[:1]} == etags


def test_a_run_goes_on_by_the_queue_and_keeps_the_rate(world: BronzeAws) -> None:
    """At a rate of its own, that the source holds it to: 429 would be in the ledger."""
    world.source.reset(Behaviour(rate_per_minute=30))
    with world.function(rate_per_minute=30, rate_gap=0.5, patience=0) as function:
        assert function.ask(date=str(DAY))["status"] == "accepted"
        calls = function.drain()
    assert calls >= len(GAMES)
    arrivals = [entry["at"] for entry in world.source.ledger]
    assert len(arrivals) == 1 + len(GAMES)
    assert {entry["status"] for entry in world.source.ledger} == {200}
    gaps = [after - before for before, after in pairwise(arrivals)]
    assert min(gaps) >= 0.5
    assert world.summary()["dates"][str(DAY)]["complete"] is True


def test_a_range_that_was_left_in_the_middle_goes_on_where_it_stopped(world: BronzeAws) -> None:
    with world.function() as function:
        function.ask(date="2024-10-22")
        world.source.reset(Behaviour(rate_per_minute=None))
        function.ask(date="2024-10-22", date_to="2024-10-24")
    assert not any(GAMES[0] in what for what in world.asked())
    assert sum(what.startswith("schedule") for what in world.asked()) == 2
    assert sorted(world.summary()["dates"]) == ["2024-10-22", "2024-10-23", "2024-10-24"]


def test_listings_go_on_after_a_page(world: BronzeAws) -> None:
    """More objects in a day's folder than S3 lists at once."""
    with world.function() as function:
        function.ask(date=str(DAY))
        s3, bucket = world.client("s3"), world.variables["BRONZE_BUCKET"]
        for number in range(1001):
            s3.put_object(Bucket=bucket, Key=f"raw/box/{DAY}/0000{number:06d}.json", Body=b"{}")
        asked = world.asked()
        assert function.ask(date=str(DAY))["status"] == "success"
    assert world.asked() == asked
    assert world.summary()["dates"][str(DAY)]["games"] == GAMES


def test_a_source_that_hangs_or_breaks_off_is_tried_again_and_kept_apart(
    world: BronzeAws,
) -> None:
    behave(world, broken=frozenset(GAMES[:1]), hang=frozenset(GAMES[1:2]))
    with world.function(source_timeout=0.3) as function:
        function.ask(date=str(DAY))
        entry = world.summary()["dates"][str(DAY)]
        assert entry["quarantined"] == dict.fromkeys(GAMES[:2], "transient")
        assert [what for what in world.asked() if GAMES[1] in what] == [f"box {GAMES[1]}"] * 4
        behave(world)
        assert function.ask(replay=True)["message"] == "2 records will be replayed: 2 transient"
        function.drain()
    assert world.summary()["dates"][str(DAY)]["complete"] is True
    records = [json.loads(body) for body, _ in world.objects("quarantine/").values()]
    assert [record["metadata"]["status"] for record in records] == ["resolved"] * 2


def test_a_changed_schema_fails_the_run_and_replays_when_it_is_mended(world: BronzeAws) -> None:
    behave(world, shape="changed")
    with world.function() as function:
        with pytest.raises(RunFailed, match=f"not one of {len(GAMES)} box scores"):
            function.ask(date=str(DAY))
        assert world.summary()["dates"][str(DAY)]["complete"] is False
        behave(world)
        function.ask(replay=True, classes=["schema_change"])
        function.drain()
    assert world.summary()["dates"][str(DAY)]["complete"] is True


def test_the_older_shape_is_as_good(world: BronzeAws) -> None:
    behave(world, shape="older")
    with world.function() as function:
        assert function.ask(date=str(DAY))["status"] == "success"


@pytest.mark.parametrize("missing", ["BRONZE_BUCKET", "GOLD_BUCKET", "INGESTION_TABLE"])
def test_a_smoke_test_names_what_is_not_there(world: BronzeAws, missing: str) -> None:
    names = {"BRONZE_BUCKET": "bronze", "GOLD_BUCKET": "gold", "INGESTION_TABLE": "table"}
    with (
        world.function(**{missing: "nothing-of-that-name"}) as function,
        pytest.raises(SmokeFailed, match=names[missing]),
    ):
        function({"test": True})


def test_the_sample_events_answer_as_they_say(world: BronzeAws) -> None:
    folder = ROOT / "images" / "bronze-ingestion" / "events"
    with world.function() as function:
        for path in [folder / "smoke.json", folder / "day.json", *sorted(folder.glob("*.json"))]:
            sample = json.loads(path.read_text(encoding="utf-8"))
            answer = function(sample["event"])
            assert sample["expect"].items() <= answer.items(), path.name
