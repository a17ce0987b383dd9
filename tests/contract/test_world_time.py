"""Simulated operators: they die, stall, lose answers and take turns as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from botocore.exceptions import ReadTimeoutError
from fleet.release.runner import Cancelled
from fleet.release.tools import Tools

from tests.kit.world import verbs
from tests.kit.world.clock import START
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

NAME = "fleet-dev-alpha"


@pytest.fixture
def world() -> Iterator[World]:
    with World(["alpha"]) as made:
        made.push("one")
        yield made


def describe(world: World, text: str) -> Callable[[Tools], None]:
    """Work that writes the alias's description."""

    def work(_: Tools) -> None:
        world.client("lambda").update_alias(FunctionName=NAME, Name="live", Description=text)

    return work


def description(world: World) -> str:
    return world.live("alpha").description


def on(operation: str, fault: Fault) -> Callable[[Call], Fault | None]:
    return lambda call: fault if call.operation == operation else None


def test_who_is_killed_runs_no_line_more(world: World) -> None:
    seen: list[str] = []
    world.passage.fault = on("UpdateAlias", Fault(kill="before"))

    def work(tools: Tools) -> None:
        with tools.runner.every(1.0, lambda: seen.append("heartbeat")), suppress(Exception):
            try:
                tools.runner.sleep(2.5)
                describe(world, "late")(tools)
            finally:
                seen.append("finally")
        seen.append("after")

    operator = world.start("ann", work)
    world.run()
    world.simulation.advance(60)
    assert operator.killed
    assert seen == ["heartbeat", "heartbeat"]
    assert description(world) == ""


def test_a_dead_operator_s_threads_are_unwound_where_they_reach_nothing() -> None:
    with World(["alpha"]) as world:
        work = describe(world, "from the grave")

        def hang(tools: Tools) -> None:
            try:
                tools.runner.sleep(1000)
            finally:
                work(tools)

        operator = world.start("ann", hang)
        world.simulation.advance(1)
        operator.kill()
    assert description(world) == ""


@pytest.mark.parametrize(
    ("fault", "at_once", "later"),
    [
        (Fault(kill="after"), "x", "x"),
        (Fault(kill="before"), "", ""),
        (Fault(kill="before", late=3.0), "", "x"),
        (Fault(lost="before"), "", ""),
        (Fault(lost="before", late=3.0), "", "x"),
        (Fault(lost="after"), "x", "x"),
        (Fault(error="AccessDeniedException"), "", ""),
        (Fault(stall=3.0), "", "x"),
    ],
    ids=str,
)
def test_what_becomes_of_a_call(world: World, fault: Fault, at_once: str, later: str) -> None:
    world.passage.fault = on("UpdateAlias", fault)
    world.start("ann", describe(world, "x"))
    world.simulation.advance(1)
    assert description(world) == at_once
    world.simulation.advance(10)
    assert description(world) == later


def test_a_lost_answer_is_what_botocore_raises(world: World) -> None:
    world.passage.fault = on("UpdateAlias", Fault(lost="after"))
    with pytest.raises(ReadTimeoutError):
        world.do("ann", describe(world, "x"))


def test_a_client_tries_again_as_often_as_it_was_told(world: World) -> None:
    world.passage.fault = on("GetItem", Fault(error="InternalServerError"))
    client, key = world.client("dynamodb", 5), {"function": {"S": "a"}, "release_id": {"S": "1"}}

    def read(_: Tools) -> None:
        client.get_item(TableName="fleet-dev-releases", Key=key, ConsistentRead=True)

    with pytest.raises(client.exceptions.InternalServerError):
        world.do("ann", read)
    assert world.passage.made == 5
    assert world.now > START + 10


def test_nobody_waits_for_an_operator_that_stands_still(world: World) -> None:
    beats: list[float] = []

    def work(tools: Tools) -> None:
        with tools.runner.every(1.0, lambda: beats.append(world.now - START)):
            tools.runner.sleep(10)

    operator = world.start("ann", work)
    world.simulation.advance(3.5)
    operator.stall(5)
    world.run()
    assert beats[:4] == [1, 2, 3, 8.5]


def test_ctrl_c_wakes_whoever_sleeps_and_is_not_shielded(world: World) -> None:
    seen: list[str] = []

    def work(tools: Tools) -> None:
        with tools.runner.shielded():
            tools.runner.sleep(10)
            seen.append("shielded")
        try:
            tools.runner.sleep(10)
        except Cancelled:
            seen.append("stopped")

    operator = world.start("ann", work)
    world.simulation.at(5, operator.cancel)
    world.run()
    assert (seen, world.now - START) == (["shielded", "stopped"], 10)


def test_a_map_has_a_bound_and_keeps_the_order(world: World) -> None:
    busy: list[int] = [0, 0]

    def work(tools: Tools) -> list[int]:
        def one(item: int) -> int:
            busy[0] += 1
            busy[1] = max(busy)
            tools.runner.sleep(10 - item)
            busy[0] -= 1
            return item * 2

        return tools.runner.map(one, range(7), 3)

    assert world.do("ann", work) == [0, 2, 4, 6, 8, 10, 12]
    assert busy == [0, 3]


def test_a_map_raises_the_first_error_when_all_have_ended(world: World) -> None:
    ended: list[int] = []

    def one(item: int) -> None:
        ended.append(item)
        if item:
            raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        world.do("ann", lambda tools: tools.runner.map(one, [0, 1, 2], 1))
    assert ended == [0, 1, 2]


@pytest.mark.parametrize(("first", "expected"), [(0, "bob"), (1, "ann")])
def test_a_test_chooses_who_goes_first(first: int, expected: str) -> None:
    with World(["alpha"], latency=0) as world:
        world.start("ann", describe(world, "ann"))
        world.start("bob", describe(world, "bob"))
        world.simulation.choose = lambda _: first
        world.run()
        assert description(world) == expected, "the last one wins"


def test_the_same_seed_is_the_same_run() -> None:
    def run() -> list[float]:
        with World(["alpha", "beta"], seed=5) as world:
            world.push("one")
            world.do("ann", lambda tools: verbs.release(tools, "one"))
            return [move.at for move in world.recorder.moves]

    assert run() == run()
