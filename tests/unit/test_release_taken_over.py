"""What a dead or failed command left open is taken over without bringing back what it had left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fleet.errors import ExitCode
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options

from tests.kit.world import invariants, verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

BAKED = Options(bake_seconds=120)


@pytest.fixture
def world() -> Iterator[World]:
    with World(["alpha"], seed=3) as world:
        for tag in ("one", "two", "three"):
            world.push(tag)
        world.push("broken", smoke="error")
        assert release(world, "one").result == "released"
        world.simulation.advance(60)
        yield world


def release(world: World, tag: str) -> FunctionOutcome:
    report = world.do("bob", lambda tools: verbs.release(tools, tag))
    (outcome,) = report.functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


def stop_half_way(world: World) -> FunctionOutcome:
    """An alarm stops a release at 100 %; `live` goes back, and $LATEST cannot."""
    moves = len(world.recorder.moves)

    def has_moved() -> bool:
        return len(world.recorder.moves) > moves

    def no_image(call: Call) -> Fault | None:
        denied = has_moved() and call.operation == "UpdateFunctionCode"
        return Fault(error="AccessDeniedException") if denied else None

    world.passage.fault = no_image
    ann = world.start("ann", lambda tools: verbs.release(tools, "two", options=BAKED))
    world.run(has_moved)
    world.simulation.advance(10)
    alarm = world.cloudwatch.alarms[f"{world.environment.function_name('alpha')}-errors"]
    alarm.state = "ALARM"
    world.run()
    alarm.state = "OK"
    (outcome,) = ann.result().functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


@pytest.mark.parametrize(("tag", "result"), [("three", "released"), ("broken", "put-back")])
def test_what_an_alarm_stopped_does_not_come_back_because_a_read_is_old(
    world: World, tag: str, result: str
) -> None:
    good = world.live("alpha").version
    assert stop_half_way(world).exit_code is ExitCode.NEEDS_PERSON
    stopped = world.history("alpha")[0]
    assert (stopped.state, world.live("alpha").version) == ("started", good)

    # At once, when a read may still show that the stopped version has all traffic.
    old_reads = Fault(stale=4.0)
    world.passage.fault = lambda call: old_reads if call.operation == "GetAlias" else None
    moves = len(world.recorder.moves)
    assert release(world, tag).result == result
    assert stopped.version not in {move.version for move in world.recorder.moves[moves:]}
    assert [r.state for r in world.history("alpha") if r.tag == "two"] == ["interrupted"]
    if result == "put-back":
        assert world.live("alpha").version == good
    invariants.check_always(world)
    invariants.check_settled(world)


def test_live_that_keeps_changing_is_left_to_whoever_changes_it(world: World) -> None:
    stop_half_way(world)
    before = world.live("alpha")
    outdated = Fault(error="PreconditionFailedException")
    world.passage.fault = lambda call: outdated if call.operation == "UpdateAlias" else None
    outcome = release(world, "three")
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.REFUSED)
    assert "somebody else changed live" in outcome.reason
    assert world.live("alpha") == before
    world.passage.fault = lambda _: None
    assert release(world, "three").result == "released"
    invariants.check_settled(world)
