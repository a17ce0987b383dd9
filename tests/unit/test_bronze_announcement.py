"""What bronze-ingestion tells the layer above when two runs are at one day."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bronze_ingestion.ingestion import Services

from tests.kit.bronze import World


@pytest.fixture
def world() -> World:
    """A day whose schedule is there, and one of its box scores."""
    made = World(rounds=1)
    services(made).lake.put_schedule(made.first_day, sent(made, f"schedule {made.first_day}"))
    put(made, 0)
    return made


def services(world: World) -> Services:
    """A run's own, on the world's bucket and table."""
    return world.worker()._services


def sent(world: World, what: str) -> Any:
    """What the source answers."""
    kind, name = what.split()
    source = world.source
    answer = source.schedule(world.first_day) if kind == "schedule" else source.box_score(name)
    assert answer.body is not None
    return json.loads(answer.body)


def put(world: World, number: int, **fields: str) -> None:
    """Land one of the day's box scores, with more fields in it than the source sends."""
    game = world.game_ids[number]
    document = sent(world, f"box {game}") | fields
    services(world).lake.put_box(world.first_day, game, document)


def tell(world: World) -> dict[str, Any]:
    return services(world).announcement.tell(world.first_day)


def told(world: World) -> dict[str, Any]:
    """What the summary says of the day."""
    return {name: value for name, value in world.entry.items() if name != "sequence"}


def meanwhile(world: World, when: str, number: int, **fields: str) -> None:
    """Let another run land a box score and tell of it, before or after the next write."""
    next_write = len(world.bucket.writes)

    def other(at: str, count: int) -> None:
        if (at, count) == (when, next_write):
            world.bucket.kill = lambda _when, _number: None
            put(world, number, **fields)
            tell(world)

    world.bucket.kill = other


@pytest.mark.parametrize("when", ["before", "after"])
def test_of_two_runs_at_a_day_the_summary_keeps_what_came_last(world: World, when: str) -> None:
    meanwhile(world, when, 1)
    first = tell(world)
    both = world.game_ids[:2]
    assert told(world)["games"] == both
    assert first["games"] == (both if when == "before" else both[:1])
    sequence = world.summary()["sequence"]
    assert tell(world)["games"] == both
    assert world.summary()["sequence"] == sequence


@pytest.mark.parametrize("when", ["before", "after"])
def test_whichever_run_notes_last_a_later_change_is_told(world: World, when: str) -> None:
    before = tell(world)
    put(world, 0, version="mended")
    meanwhile(world, when, 0, version="mended again")
    tell(world)
    for version in ("mended", "mended again"):
        put(world, 0, version=version)
        assert tell(world) == told(world)
        assert told(world)["box_etags"] == services(world).lake.boxes(world.first_day)
    put(world, 0)
    assert tell(world) == told(world) == before
