"""What bronze-ingestion refuses, keeps apart, says of it, and tries again."""

from __future__ import annotations

import json

import pytest
from bronze_ingestion.ingestion import RunFailed
from standins import nba_shapes

from tests.kit.bronze import World


@pytest.fixture
def world() -> World:
    """A source without a limit, for which no run has to wait."""
    world = World(rounds=1, per_minute=60_000)
    world.behave()
    return world


def emitted(text: str, name: str) -> float:
    """The sum of a metric in what was written to standard output."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')]
    values = [line[name] for line in lines if name in line]
    return sum(sum(v) if isinstance(v, list) else v for v in values)


def test_one_bad_game_is_kept_apart_and_the_others_land(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = world.game_ids[2]
    document = nba_shapes.box_score(world.source.game(bad))
    document["boxScoreTraditional"]["homeTeam"]["teamId"] = 1
    document["boxScoreTraditional"]["awayTeam"]["teamId"] = 1
    world.source.answers[f"box {bad}"] = json.dumps(document).encode()
    world.run()
    world.metrics.flush()
    assert world.entry["complete"] is False
    assert world.entry["missing"] == [bad]
    assert world.entry["quarantined"] == {bad: "data_quality"}
    assert emitted(capsys.readouterr().out, "Quarantined") == 1


def test_a_record_has_what_was_refused_why_and_where_it_belongs(world: World) -> None:
    world.behave(broken=frozenset(world.game_ids[:1]))
    world.run()
    key = next(key for key in world.bucket.objects if key.startswith("quarantine/"))
    day = world.first_day
    folder = f"quarantine/year={day.year}/month={day:%m}/day={day:%d}/box/quarantine_"
    assert key.startswith(folder)
    body, metadata, _ = world.bucket.objects[key]
    assert metadata == {"data_type": "box", "issues_count": "1"}
    record = json.loads(body)
    assert record["data"].startswith('{"meta"')
    assert record["validation_result"]["valid"] is False
    assert record["validation_result"]["issues"][0].startswith("transient: ")
    assert record["attempts"] == []
    assert record["metadata"] == record["metadata"] | {
        "data_type": "box",
        "target_date": str(day),
        "game_id": world.game_ids[0],
        "error_classification": "transient",
        "status": "quarantined",
        "correlation_id": "request-1",
    }


def test_what_does_not_come_is_asked_for_three_times_more(world: World) -> None:
    gone = world.game_ids[0]
    world.behave(missing=frozenset([gone]))
    world.run()
    assert world.source.asked(f"box {gone}") == [f"box {gone}"] * 4
    assert world.entry["quarantined"] == {gone: "transient"}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_comes_in_the_end_is_not_refused(world: World, times: int) -> None:
    world.behave(fail_first=times)
    assert world.run()["status"] == "success"
    assert world.entry["complete"] is True
    assert world.records() == []


def test_a_source_that_is_down_fails_the_run(world: World) -> None:
    world.behave(status=503)
    with pytest.raises(RunFailed, match="the source answered 503"):
        world.run()
    assert [record["metadata"]["data_type"] for record in world.records()] == ["schedule"]
    assert world.entry["quarantined"] == {"schedule": "transient"}


def test_an_invalid_schedule_fails_the_run_at_once(world: World) -> None:
    world.source.answers[f"schedule {world.first_day}"] = b'{"games": []}'
    with pytest.raises(RunFailed, match="there are no resultSets"):
        world.run()
    assert len(world.source.ledger) == 1
    assert world.entry["quarantined"] == {"schedule": "schema_change"}
    assert not any(key.startswith("raw/") for key in world.bucket.objects)


def test_a_changed_schema_stops_the_layer_above_and_is_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.behave(shape="changed")
    with pytest.raises(RunFailed, match="not one of"):
        world.run()
    world.metrics.flush()
    assert world.entry["complete"] is False
    assert set(world.entry["quarantined"].values()) == {"schema_change"}
    assert emitted(capsys.readouterr().out, "SchemaChanges") == len(world.game_ids)


def test_the_same_refusal_again_makes_no_other_record(world: World) -> None:
    world.behave(shape="changed")
    for _ in range(3):
        with pytest.raises(RunFailed):
            world.run()
    assert len(world.records()) == len(world.game_ids)


def test_a_day_that_failed_in_the_queue_is_begun_again_and_ends_in_the_dead_letters() -> None:
    world = World(rounds=1)
    world.behave(shape="changed")
    world.run()
    assert len(world.dead) == 1
    asked = world.source.asked(f"box {world.game_ids[0]}")
    assert len(asked) == 3  # attempts
    assert json.loads(world.dead[0]["body"])["work"]["attempt"] == 3


def test_a_day_that_failed_in_the_queue_lands_when_the_source_is_mended() -> None:
    world = World(rounds=1)
    world.behave(shape="changed")
    world.ask(date=world.first_day)
    before = world.queue.again

    def again(body: str, seconds: float, receives: int) -> None:
        if receives > 1:
            world.behave()
        before(body, seconds, receives)

    world.queue.again = again  # type: ignore[method-assign]
    world.drain()
    assert world.dead == []
    assert world.entry["complete"] is True


def test_a_day_that_cannot_be_had_does_not_keep_the_others(world: World) -> None:
    """As in the daily look at a week: an old bad day, and the new ones behind it."""
    bad = f"schedule {world.first_day}"
    world.source.answers[bad] = b'{"games": []}'
    answer = world.ask(date=world.first_day, date_to=world.last_day)
    assert answer["status"] == "accepted"
    assert "there are no resultSets; it is tried again" in answer["message"]
    world.drain()
    assert world.summary()["dates"][str(world.last_day)]["complete"] is True
    # The day itself, and nothing else, is left to a person.
    assert [json.loads(record["body"])["work"]["day"] for record in world.dead] == [
        str(world.first_day)
    ]


def test_a_day_that_was_left_behind_lands_when_it_can(world: World) -> None:
    world.source.answers[f"schedule {world.first_day}"] = b'{"games": []}'
    world.ask(date=world.first_day, date_to=world.last_day)
    world.source.answers.clear()
    world.drain()
    assert world.dead == []
    assert world.entry["complete"] is True


def test_a_source_that_is_down_holds_a_backfill_up_and_is_not_asked_for_every_day() -> None:
    world = World(rounds=10, per_minute=60_000)
    world.behave(status=503)
    world.ask(date=world.first_day, date_to=world.last_day)
    world.drain()
    assert len(set(world.source.asked("schedule "))) == 3
    rest = [json.loads(record["body"])["work"] for record in world.dead]
    assert str(world.last_day) in {work["last"] for work in rest}
    # What is in the dead letters is all that is needed to go on.
    world.behave()
    dead, world.dead = world.dead, []
    for record in dead:
        world.queue.again(record["body"], 0, 1)
    world.drain()
    assert world.dead == []
    assert len(world.summary()["dates"]) == 20
    assert all(day["complete"] for day in world.summary()["dates"].values())
