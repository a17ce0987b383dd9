"""What bronze-ingestion refuses, keeps apart, says of it, and tries again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from bronze_ingestion.ingestion import RunFailed
from bronze_ingestion.quarantine import Status
from standins import nba_shapes
from standins.nba import Behaviour

from tests.kit.bronze import Killed, World


@pytest.fixture
def world() -> World:
    """A source without a limit, for which no run has to wait."""
    world = World(rounds=1, per_minute=60_000)
    behave(world)
    return world


def behave(world: World, **behaviour: Any) -> None:
    world.source.behaviour = Behaviour(rate_per_minute=None, **behaviour)


def ids(world: World) -> list[str]:
    return [game.game_id for game in world.source.seasons[0].by_day[world.first_day]]


def run(world: World, **parameters: Any) -> dict[str, Any]:
    answer = world.ask(**({"date": world.first_day} | parameters))
    world.drain()
    return answer


def replay(world: World, **parameters: Any) -> dict[str, Any]:
    return run(world, replay=True, **parameters)


def entry(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.summary()["dates"][str(world.first_day)]
    return found


def emitted(text: str, name: str) -> float:
    """The sum of a metric in what was written to standard output."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')]
    values = [line[name] for line in lines if name in line]
    return sum(sum(v) if isinstance(v, list) else v for v in values)


def test_one_bad_game_is_kept_apart_and_the_others_land(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ids(world)[2]
    document = nba_shapes.box_score(world.source.game(bad))
    document["boxScoreTraditional"]["homeTeam"]["teamId"] = 1
    document["boxScoreTraditional"]["awayTeam"]["teamId"] = 1
    world.source.answers[f"box {bad}"] = json.dumps(document).encode()
    run(world)
    world.metrics.flush()
    assert entry(world)["complete"] is False
    assert entry(world)["missing"] == [bad]
    assert entry(world)["quarantined"] == {bad: "data_quality"}
    assert emitted(capsys.readouterr().out, "Quarantined") == 1


def test_a_record_has_what_was_refused_why_and_where_it_belongs(world: World) -> None:
    behave(world, broken=frozenset(ids(world)[:1]))
    run(world)
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
        "game_id": ids(world)[0],
        "error_classification": "transient",
        "status": "quarantined",
        "correlation_id": "request-1",
    }


def test_what_does_not_come_is_asked_for_three_times_more(world: World) -> None:
    gone = ids(world)[0]
    behave(world, missing=frozenset([gone]))
    run(world)
    assert world.source.asked(f"box {gone}") == [f"box {gone}"] * 4
    assert entry(world)["quarantined"] == {gone: "transient"}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_comes_in_the_end_is_not_refused(world: World, times: int) -> None:
    behave(world, fail_first=times)
    assert run(world)["status"] == "success"
    assert entry(world)["complete"] is True
    assert world.records() == []


def test_a_source_that_is_down_fails_the_run(world: World) -> None:
    behave(world, status=503)
    with pytest.raises(RunFailed, match="the source answered 503"):
        run(world)
    assert [record["metadata"]["data_type"] for record in world.records()] == ["schedule"]
    assert entry(world)["quarantined"] == {"schedule": "transient"}


def test_an_invalid_schedule_fails_the_run_at_once(world: World) -> None:
    world.source.answers[f"schedule {world.first_day}"] = b'{"games": []}'
    with pytest.raises(RunFailed, match="there are no resultSets"):
        run(world)
    assert len(world.source.ledger) == 1
    assert entry(world)["quarantined"] == {"schedule": "schema_change"}
    assert not any(key.startswith("raw/") for key in world.bucket.objects)


def test_a_changed_schema_stops_the_layer_above_and_is_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    behave(world, shape="changed")
    with pytest.raises(RunFailed, match="not one of"):
        run(world)
    world.metrics.flush()
    assert entry(world)["complete"] is False
    assert set(entry(world)["quarantined"].values()) == {"schema_change"}
    assert emitted(capsys.readouterr().out, "SchemaChanges") == len(ids(world))


def test_the_same_refusal_again_makes_no_other_record(world: World) -> None:
    behave(world, shape="changed")
    for _ in range(3):
        with pytest.raises(RunFailed):
            run(world)
    assert len(world.records()) == len(ids(world))


def test_a_day_that_failed_in_the_queue_is_begun_again_and_ends_in_the_dead_letters() -> None:
    world = World(rounds=1)
    behave(world, shape="changed")
    run(world)
    assert len(world.dead) == 1
    asked = world.source.asked(f"box {ids(world)[0]}")
    assert len(asked) == 3  # attempts
    assert json.loads(world.dead[0]["body"])["work"]["attempt"] == 3


def test_a_day_that_failed_in_the_queue_lands_when_the_source_is_mended() -> None:
    world = World(rounds=1)
    behave(world, shape="changed")
    world.ask(date=world.first_day)
    before = world.queue.again

    def again(body: str, seconds: float, receives: int) -> None:
        if receives > 1:
            behave(world)
        before(body, seconds, receives)

    world.queue.again = again  # type: ignore[method-assign]
    world.drain()
    assert world.dead == []
    assert entry(world)["complete"] is True


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        ({"digits": 2}, "rounding_mismatch"),
        ({"shape": "changed"}, "schema_change"),
    ],
)
def test_a_replay_after_a_fix_at_the_source_lands_everything(
    world: World, behaviour: dict[str, Any], fault: str
) -> None:
    behave(world, **behaviour)
    with pytest.raises(RunFailed):
        run(world)
    behave(world)
    answer = replay(world)
    assert answer["status"] == "accepted"
    assert answer["message"] == f"8 records will be replayed: 8 {fault}"
    assert entry(world)["complete"] is True
    assert entry(world)["quarantined"] == {}
    for record in world.records():
        assert record["metadata"]["status"] == "resolved"
        assert [attempt["outcome"] for attempt in record["attempts"]] == ["resolved"]


def test_a_replay_after_a_fix_here_asks_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(world, digits=2)
    with pytest.raises(RunFailed):
        run(world)
    world.source.ledger.clear()
    monkeypatch.setattr("bronze_ingestion.statistics._shooting", lambda *_: iter(()))
    replay(world)
    assert world.source.ledger == []
    assert entry(world)["complete"] is True


def test_a_replay_in_vain_is_written_down_and_can_be_repeated(world: World) -> None:
    behave(world, digits=2)
    with pytest.raises(RunFailed):
        run(world)
    replay(world)
    assert {record["metadata"]["status"] for record in world.records()} == {"failed"}
    replay(world)
    for record in world.records():
        assert [attempt["number"] for attempt in record["attempts"]] == [1, 2]
    behave(world)
    replay(world)
    assert {record["metadata"]["status"] for record in world.records()} == {"resolved"}


def test_a_replayed_schedule_is_followed_by_its_games(world: World) -> None:
    behave(world, status=503)
    with pytest.raises(RunFailed):
        run(world)
    behave(world)
    replay(world)
    assert entry(world)["complete"] is True
    assert len(entry(world)["games"]) == len(ids(world))


def test_a_replay_can_be_for_a_class_or_a_day_and_dry(world: World) -> None:
    behave(world, missing=frozenset(ids(world)[:2]))
    run(world)
    written = len(world.bucket.writes)
    for parameters, count in (
        ({}, 2),
        ({"classes": ["transient"]}, 2),
        ({"classes": ["schema_change"]}, 0),
        ({"date": world.last_day}, 0),
    ):
        text = replay(world, dry_run=True, **parameters)["message"]
        assert text.startswith(f"{count} records would be replayed")
    assert len(world.bucket.writes) == written


def test_what_has_landed_meanwhile_is_resolved_without_asking(world: World) -> None:
    behave(world, missing=frozenset(ids(world)[:1]))
    run(world)
    behave(world)
    run(world)
    world.source.ledger.clear()
    replay(world)
    assert world.source.ledger == []
    assert [record["metadata"]["status"] for record in world.records()] == ["resolved"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(4))
def test_a_replay_killed_at_any_write_is_finished_by_the_next(
    world: World, when: str, number: int
) -> None:
    behave(world, missing=frozenset(ids(world)[:1]))
    run(world)
    behave(world)
    first = len(world.bucket.writes) + number
    alive = True

    def kill(at: str, count: int) -> None:
        nonlocal alive
        if alive and (at, count) == (when, first):
            alive = False
            raise Killed

    world.bucket.kill = kill
    replay(world)
    # The mark, the box score, the summary, the outcome.
    assert not alive
    assert entry(world)["complete"] is True
    assert world.records()[0]["metadata"]["status"] == "resolved"


def test_a_record_that_somebody_is_at_is_left_alone(world: World) -> None:
    behave(world, missing=frozenset(ids(world)[:1]))
    run(world)
    key = next(key for key in world.bucket.objects if key.startswith("quarantine/"))
    quarantine = world.worker()._services.quarantine
    record = quarantine.read(key)
    assert record is not None
    begun = quarantine.begin(record, "one")
    assert begun is not None
    # With the record as it was, and as it is.
    assert quarantine.begin(record, "two") is None
    assert quarantine.begin(begun, "two") is None
    world.clock.seconds += timedelta(minutes=16).total_seconds()
    taken = quarantine.begin(begun, "two")
    assert taken is not None
    assert taken.content["attempts"][0]["outcome"] == "interrupted"
    # Who was taken for dead cannot end it.
    assert quarantine.end(begun, Status.RESOLVED, "late") is None
    ended = quarantine.end(taken, Status.RESOLVED, "landed")
    assert ended is not None
    assert quarantine.begin(ended, "three") is None
