"""What bronze-ingestion refused, tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bronze_ingestion.ingestion import RunFailed
from bronze_ingestion.quarantine import Status

from tests.kit.bronze import World
from tests.kit.bronze_memory import Killed


@pytest.fixture
def world() -> World:
    """A source without a limit, for which no run has to wait."""
    world = World(rounds=1, per_minute=60_000)
    world.behave()
    return world


def replay(world: World, **parameters: Any) -> dict[str, Any]:
    return world.run(replay=True, **parameters)


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
    world.behave(**behaviour)
    with pytest.raises(RunFailed):
        world.run()
    world.behave()
    answer = replay(world)
    assert answer["status"] == "accepted"
    assert answer["message"] == f"8 records will be replayed: 8 {fault}"
    assert world.entry["complete"] is True
    assert world.entry["quarantined"] == {}
    for record in world.records():
        assert record["metadata"]["status"] == "resolved"
        assert [attempt["outcome"] for attempt in record["attempts"]] == ["resolved"]


def test_a_replay_after_a_fix_here_asks_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.behave(digits=2)
    with pytest.raises(RunFailed):
        world.run()
    world.source.ledger.clear()
    monkeypatch.setattr("bronze_ingestion.statistics._shooting", lambda *_: iter(()))
    replay(world)
    assert world.source.ledger == []
    assert world.entry["complete"] is True


def test_a_replay_in_vain_is_written_down_and_can_be_repeated(world: World) -> None:
    world.behave(digits=2)
    with pytest.raises(RunFailed):
        world.run()
    replay(world)
    assert {record["metadata"]["status"] for record in world.records()} == {"failed"}
    replay(world)
    for record in world.records():
        assert [attempt["number"] for attempt in record["attempts"]] == [1, 2]
    world.behave()
    replay(world)
    assert {record["metadata"]["status"] for record in world.records()} == {"resolved"}


def test_a_replayed_schedule_is_followed_by_its_games(world: World) -> None:
    world.behave(status=503)
    with pytest.raises(RunFailed):
        world.run()
    world.behave()
    replay(world)
    assert world.entry["complete"] is True
    assert len(world.entry["games"]) == len(world.game_ids)


def test_a_replay_can_be_for_a_class_or_a_day_and_dry(world: World) -> None:
    world.behave(missing=frozenset(world.game_ids[:2]))
    world.run()
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
    world.behave(missing=frozenset(world.game_ids[:1]))
    world.run()
    world.behave()
    world.run()
    world.source.ledger.clear()
    replay(world)
    assert world.source.ledger == []
    assert [record["metadata"]["status"] for record in world.records()] == ["resolved"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(4))
def test_a_replay_killed_at_any_write_is_finished_by_the_next(
    world: World, when: str, number: int
) -> None:
    world.behave(missing=frozenset(world.game_ids[:1]))
    world.run()
    world.behave()
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
    assert world.entry["complete"] is True
    assert world.records()[0]["metadata"]["status"] == "resolved"


def test_a_record_that_somebody_is_at_is_left_alone(world: World) -> None:
    world.behave(missing=frozenset(world.game_ids[:1]))
    world.run()
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
