"""Games that bronze-ingestion fetches while they are being played."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from bronze_ingestion.ingestion import RunFailed

from tests.kit.bronze import World


@pytest.fixture
def running() -> World:
    """A day whose games are under way: the source has half of each."""
    world = World(rounds=1, per_minute=60_000)
    world.behave()
    at(world, hours=20)
    world.source.answers = {f"box {game}": half(world, game) for game in world.game_ids}
    return world


def at(world: World, hours: int) -> None:
    """Let so many hours have passed since the day began, UTC."""
    began = datetime.combine(world.first_day, time(), UTC)
    world.clock.seconds = (began + timedelta(hours=hours)).timestamp()


def half(world: World, game: str) -> bytes:
    """A game's box score before anybody has done anything."""
    document = json.loads(world.source.box_score(game).body or b"")
    world.source.ledger.clear()
    for side in ("homeTeam", "awayTeam"):
        team = document["boxScoreTraditional"][side]
        for whose in (team, *team["players"]):
            numbers = {name: value * 0 for name, value in whose["statistics"].items()
                       if not isinstance(value, str)}  # fmt: skip
            whose["statistics"] |= numbers
    return json.dumps(document).encode()


def points(world: World) -> list[int]:
    """Of both teams together, by game."""
    boxes = [world.bucket.objects[f"raw/box/{world.first_day}/{game}.json"][0]
             for game in world.game_ids]  # fmt: skip
    games = [json.loads(box)["boxScoreTraditional"] for box in boxes]
    return [sum(game[side]["statistics"]["points"] for side in ("homeTeam", "awayTeam"))
            for game in games]  # fmt: skip


def test_half_a_game_is_fetched_again_when_its_day_is_over(running: World) -> None:
    running.run()
    assert set(points(running)) == {0}
    asked, sequence = len(running.source.asked("box ")), running.entry["sequence"]
    at(running, hours=35)
    running.run()
    assert len(running.source.asked("box ")) == asked

    running.source.answers.clear()
    at(running, hours=36)
    running.run()
    assert points(running) == [
        game.home.points + game.away.points
        for game in running.source.seasons[0].by_day[running.first_day]
    ]
    assert running.entry["sequence"] > sequence
    asked, written = len(running.source.ledger), len(running.bucket.writes)
    running.run()
    assert (len(running.source.ledger), len(running.bucket.writes)) == (asked, written)


def test_a_game_that_was_over_already_is_seen_once_more_and_tells_nothing(running: World) -> None:
    running.source.answers.clear()
    running.run()
    sequence = running.entry["sequence"]
    for hours in (36, 60):
        at(running, hours=hours)
        running.run()
    assert len(running.source.asked("box ")) == 2 * len(running.game_ids)
    assert running.entry["sequence"] == sequence


def test_a_dry_run_names_the_games_that_were_fetched_too_early(running: World) -> None:
    running.run()
    at(running, hours=36)
    games = running.game_ids
    text = running.ask(date=running.first_day, dry_run=True)["message"]
    assert text == f"{len(games)} box scores would be fetched: {', '.join(games)}"


def test_a_message_delivered_twice_fetches_half_a_game_once_more_only(running: World) -> None:
    running.run()
    at(running, hours=36)
    running.source.ledger.clear()
    running.rate_per_minute = 30
    running.ask(date=running.first_day)
    record = running.queue.receive()
    assert record is not None
    for _ in range(2):
        running.queue.again(record["body"], 0, 1)
    running.drain()
    assert len(running.source.asked("box ")) == len(running.game_ids)


def test_what_was_refused_during_a_game_is_asked_for_again_after_it(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = running.game_ids[0]
    refused = json.loads(running.source.answers[f"box {game}"])
    refused["boxScoreTraditional"]["homeTeam"]["statistics"]["fieldGoalsPercentage"] = 0.0001
    running.source.answers[f"box {game}"] = json.dumps(refused).encode()
    running.run()
    assert running.entry["quarantined"] == {game: "rounding_mismatch"}

    monkeypatch.setattr("bronze_ingestion.statistics._shooting", lambda *_: iter(()))
    running.source.answers.clear()
    running.source.ledger.clear()
    at(running, hours=36)
    running.ask(replay=True)
    running.drain()
    assert running.source.asked() == [f"box {game}"]
    assert points(running)[0] > 0
    assert running.records()[0]["metadata"]["status"] == "resolved"


def test_half_of_every_game_is_not_one_box_score_of_a_day_that_is_over(running: World) -> None:
    running.run()
    at(running, hours=36)
    running.behave(missing=frozenset(running.game_ids))
    with pytest.raises(RunFailed, match="not one of 8 box scores"):
        running.run()
