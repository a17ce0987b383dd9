"""Runs of bronze-ingestion: what they fetch, what they leave, and what they say."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from bronze_ingestion.ingestion import RunFailed
from bronze_ingestion.models import Event
from pydantic import ValidationError
from standins.nba import Behaviour

from tests.kit.bronze import DAY, World
from tests.kit.bronze_memory import NOON, Killed


@pytest.fixture
def world() -> World:
    return World(rounds=2)


def test_a_season_lands_whole_and_nothing_of_it_is_fetched_or_written_again() -> None:
    world = World()
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    games = {game.game_id for game in world.source.seasons[0].games}
    boxes = [key for key in world.bucket.objects if key.startswith("raw/box/")]
    assert len(games) == 1230
    assert {key.rpartition("/")[2].removesuffix(".json") for key in boxes} == games
    assert len(world.source.ledger) == 1230 + len(world.source.seasons[0].by_day)

    fetched, written = len(world.source.ledger), len(world.bucket.writes)
    answer = world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    assert answer["status"] == "success"
    assert (len(world.source.ledger), len(world.bucket.writes)) == (fetched, written)


def test_a_day_is_begun_at_once_and_goes_on_by_the_queue(world: World) -> None:
    answer = world.ask(date=world.first_day)
    games = world.source.seasons[0].by_day[world.first_day]
    assert answer["status"] == "accepted"
    assert answer["message"].startswith(f"{len(games)} box scores of {world.first_day}")
    assert answer["correlation_id"] == "request-1"
    assert answer["target_date"] == str(world.first_day)
    world.drain()
    assert len(world.source.asked("box ")) == len(games)
    assert world.bucket.writes[-1] == "_metadata/summary.json"


def test_objects_are_what_the_source_sent_with_their_metadata(world: World) -> None:
    world.ask(date=world.first_day)
    world.drain()
    for game in world.source.seasons[0].by_day[world.first_day]:
        key = f"raw/box/{world.first_day}/{game.game_id}.json"
        body, metadata, _ = world.bucket.objects[key]
        assert metadata == {"entity": "box", "date": str(world.first_day), "format": "json"}
        sent = json.loads(body)["boxScoreTraditional"]
        assert sum(p["statistics"]["points"] for p in sent["homeTeam"]["players"]) == (
            game.home.points
        )
    _, metadata, _ = world.bucket.objects[f"raw/schedule/{world.first_day}/data.json"]
    assert metadata["entity"] == "schedule"


def test_the_summary_says_what_there_is(world: World) -> None:
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    summary = world.summary()
    assert summary["sequence"] == 4
    assert summary["latest_date"] == str(world.last_day)
    entry = summary["dates"][str(world.first_day)]
    games = [game.game_id for game in world.source.seasons[0].by_day[world.first_day]]
    assert entry["games"] == games == sorted(entry["box_etags"])
    assert (entry["complete"], entry["missing"], entry["quarantined"]) == (True, [], {})


def test_a_summary_keeps_the_dates_that_changed_last_and_forgets_no_announcement() -> None:
    world = World(2023, 2024, rounds=60, per_minute=60_000)
    world.source.behaviour = Behaviour(rate_per_minute=None)
    first = world.first_day
    world.ask(date=first, date_to=first + 250 * DAY)
    world.drain()
    summary = world.summary()
    assert len(summary["dates"]) == 200
    assert summary["sequence"] == 251
    assert min(entry["sequence"] for entry in summary["dates"].values()) == 52
    written = len(world.bucket.writes)
    world.ask(date=first, date_to=first + 250 * DAY)
    world.drain()
    assert len(world.bucket.writes) == written


@pytest.mark.parametrize("number", range(24))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_write_and_run_again_the_bytes_are_the_same(when: str, number: int) -> None:
    whole = World(rounds=1)
    whole.ask(date=whole.first_day, date_to=whole.last_day)
    whole.drain()
    # Fifteen games, two schedules, the summary twice.
    assert len(whole.bucket.writes) == 19

    world = World(rounds=1)
    alive = True

    def kill(at: str, count: int) -> None:
        nonlocal alive
        if alive and (at, count) == (when, number):
            alive = False
            raise Killed

    world.bucket.kill = kill
    try:
        world.ask(date=world.first_day, date_to=world.last_day)
    except Killed:
        world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    assert alive == (number >= 19)
    ours, theirs = world.bucket.content(), whole.bucket.content()
    summaries = [content.pop("_metadata/summary.json") for content in (ours, theirs)]
    assert ours == theirs
    assert len({str(json.loads(each)["bronze_layer_stats"]) for each in summaries}) == 1
    # What had been written is not fetched again; what had not is fetched once more.
    assert len(world.source.ledger) - len(whole.source.ledger) <= 1


def test_a_message_that_is_delivered_twice_fetches_nothing_twice(world: World) -> None:
    world.ask(date=world.first_day)
    record = world.queue.receive()
    assert record is not None
    world.queue.again(record["body"], 0, 1)
    world.queue.again(record["body"], 0.5, 1)
    world.drain()
    asked = world.source.asked("box ")
    assert len(asked) == len(set(asked)) == len(world.source.seasons[0].by_day[world.first_day])


def test_an_ordinary_run_fetches_only_what_is_missing(world: World) -> None:
    world.ask(date=world.first_day)
    world.drain()
    lost = world.source.seasons[0].by_day[world.first_day][3].game_id
    before = world.bucket.content()
    del world.bucket.objects[f"raw/box/{world.first_day}/{lost}.json"]
    world.source.ledger.clear()
    world.ask(date=world.first_day)
    world.drain()
    assert world.source.asked() == [f"box {lost}"]
    assert world.bucket.content() == before


def test_a_forced_run_fetches_everything_and_the_bytes_stay(world: World) -> None:
    world.ask(date=world.first_day)
    world.drain()
    before, sequence = world.bucket.content(), world.summary()["sequence"]
    world.source.ledger.clear()
    world.ask(date=world.first_day, force_run=True)
    world.drain()
    assert len(world.source.asked("schedule ")) == 1
    assert len(world.source.asked("box ")) == len(world.source.seasons[0].by_day[world.first_day])
    assert world.bucket.content() == before
    assert world.summary()["sequence"] == sequence


def test_a_dry_run_names_the_games_and_writes_nothing(world: World) -> None:
    answer = world.ask(date=world.first_day, dry_run=True)
    games = [game.game_id for game in world.source.seasons[0].by_day[world.first_day]]
    assert answer["dry_run"] is True
    assert answer["message"] == f"{len(games)} box scores would be fetched: {', '.join(games)}"
    assert world.bucket.writes == []
    assert world.queue.sent == 0
    assert world.ask(date=world.first_day, dry_run=True)["status"] == "busy"
    assert world.ask(date=world.first_day, date_to=world.last_day, dry_run=True)["status"] == (
        "success"
    )


def test_a_schedule_from_before_the_games_is_fetched_again_after_them() -> None:
    world = World(rounds=1)
    day = world.first_day
    world.clock.seconds = (NOON.replace(year=day.year, month=day.month, day=day.day)).timestamp()
    games = world.source.seasons[0].by_day.pop(day)
    world.ask(date=day)
    world.drain()
    assert world.summary()["dates"][str(day)]["games"] == []
    world.source.seasons[0].by_day[day] = games
    world.clock.seconds += timedelta(days=1).total_seconds()
    world.ask(date=day)
    world.drain()
    assert len(world.summary()["dates"][str(day)]["games"]) == len(games)
    world.source.seasons[0].by_day[day] = games
    asked = len(world.source.ledger)
    world.ask(date=day)
    world.drain()
    assert len(world.source.ledger) == asked


def test_a_day_without_games_is_complete() -> None:
    world = World(rounds=1)
    day = world.first_day - 10 * DAY
    assert world.ask(date=day)["status"] == "success"
    assert world.summary()["dates"][str(day)]["complete"] is True


@pytest.mark.parametrize(
    ("parameters", "first", "last"),
    [
        ({}, NOON.date(), NOON.date()),
        ({"days_back": 7}, NOON.date() - 7 * DAY, NOON.date() - DAY),
        ({"date": "2024-11-15"}, None, None),
    ],
)
def test_which_days_are_asked_for(parameters: dict[str, object], first: object,
                                  last: object) -> None:  # fmt: skip
    days = Event.model_validate({"parameters": parameters}).parameters.days(NOON.date())
    assert [str(day) for day in days] == [str(first or "2024-11-15"), str(last or "2024-11-15")]


@pytest.mark.parametrize(
    "parameters",
    [
        {"date": "15.11.2024"},
        {"date": "2024-02-30"},
        {"date_to": "2024-11-15"},
        {"date": "2024-11-15", "date_to": "2024-11-14"},
        {"date": "1990-01-01", "date_to": "2024-11-14"},
        {"date": "2024-11-15", "days_back": 2},
        {"days_back": -1},
        {"force": True},
        {"classes": ["bad"]},
    ],
)
def test_what_nobody_can_mean_is_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate({"parameters": parameters})


def test_a_run_that_is_out_of_time_hands_over(world: World) -> None:
    world.rate_per_minute = 60_000
    world.source.behaviour = Behaviour(latency=20, rate_per_minute=None)
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    assert len(world.source.asked("box ")) == 30
    assert world.invocations > 1
    assert all(entry["complete"] for entry in world.summary()["dates"].values())


def test_every_box_score_failing_fails_the_run(world: World) -> None:
    world.rate_per_minute = 60_000
    world.source.behaviour = Behaviour(shape="changed", rate_per_minute=None)
    with pytest.raises(RunFailed, match="not one of 8 box scores"):
        world.ask(date=world.first_day)
    assert world.summary()["dates"][str(world.first_day)]["complete"] is False


def test_every_box_score_failing_fails_a_forced_run_of_a_day_that_is_there(world: World) -> None:
    world.rate_per_minute = 60_000
    world.behave()
    world.run()
    before = world.bucket.content()
    world.behave(shape="changed")
    with pytest.raises(RunFailed, match="not one of 8 box scores"):
        world.ask(date=world.first_day, force_run=True)
    after = world.bucket.content()
    assert {key: after[key] for key in before} == before
    assert world.ask(date=world.first_day)["message"] == "everything is there"


@pytest.mark.parametrize(("refused", "were"), [(1, "was"), (2, "were")])
def test_a_run_says_how_many_box_scores_were_refused(world: World, refused: int, were: str) -> None:
    world.rate_per_minute = 60_000
    world.behave(missing=frozenset(world.game_ids[:refused]))
    says = f"done; {refused} of 8 box scores {were} refused: see the quarantine"
    for _ in range(2):  # the second time nothing lands, and most are there
        answer = world.ask(date=world.first_day)
        assert (answer["status"], answer["message"]) == ("success", says)
    games = len(world.source.seasons[0].games)
    answer = world.ask(date=world.first_day, date_to=world.last_day)
    assert answer["message"].startswith(f"done; {refused} of {games} box scores")
    world.behave()
    assert world.ask(date=world.first_day)["message"] == "everything is there"


def test_a_forced_run_says_what_it_could_not_have_anew(world: World) -> None:
    world.rate_per_minute = 60_000
    world.behave()
    world.run()
    world.behave(missing=frozenset(world.game_ids[:1]))
    answer = world.ask(date=world.first_day, force_run=True)
    assert answer["message"].startswith("done; 1 of 8 box scores was refused")
    assert world.entry["complete"] is True
