"""A killed release whose traffic had moved, and that may not be gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fleet.errors import ExitCode
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options

from tests.kit.world import invariants, verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

BAKED = Options(bake_seconds=300)


@pytest.fixture
def world() -> Iterator[World]:
    """A function whose version 1 is live, and the image of another release."""
    with World(["alpha"], seed=6) as world:
        world.push("one")
        world.do("ann", lambda tools: verbs.release(tools, "first"))
        world.simulation.advance(60)
        yield world


def killed_while_it_baked(world: World, options: Options = BAKED) -> None:
    """Somebody dies once all traffic is at a new version, and the lease runs out."""
    before = world.live("alpha").version
    operator = world.start("dead", lambda tools: verbs.release(tools, "one", options=options))
    world.run(lambda: world.live("alpha").version != before)
    world.simulation.advance(5)
    operator.kill()
    world.simulation.advance(120)


def alarm(world: World, state: Any = "ALARM") -> None:
    world.cloudwatch.alarms[f"{world.environment.function_name('alpha')}-errors"].state = state


def resume(world: World) -> FunctionOutcome:
    (outcome,) = world.do("bob", verbs.resume).functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


def test_a_bad_version_that_was_live_when_its_release_was_killed_goes_back(world: World) -> None:
    killed_while_it_baked(world)
    alarm(world)
    outcome = resume(world)
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert "alarm before the release" in outcome.reason
    assert (world.live("alpha").version, world.live("alpha").weights) == ("1", {})
    assert world.latest("alpha").digest == world.live_digest("alpha")
    release = world.history("alpha")[0]
    assert (release.state, release.version) == ("failed", "2")
    assert "put back" in release.reason
    invariants.check_always(world)
    invariants.check_settled(world)


def test_without_the_old_image_nothing_is_said_to_be_put_back(world: World) -> None:
    killed_while_it_baked(world)
    alarm(world)
    world.registry.delete("alpha", "first")
    outcome = resume(world)
    assert (outcome.result, outcome.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
    assert "no longer in the registry" in outcome.reason
    assert world.live("alpha").version == "2"
    assert world.history("alpha")[0].state == "started", "there is something to resume"


def test_a_first_release_has_nothing_to_go_back_to() -> None:
    with World(["alpha"], seed=6) as world:
        world.push("one")
        killed_while_it_baked(world)
        alarm(world)
        outcome = resume(world)
        assert (outcome.result, outcome.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
        assert "nothing was released before it" in outcome.reason
        alarm(world, "OK")
        assert resume(world).exit_code == ExitCode.DONE
        invariants.check_settled(world)


def test_killed_while_it_is_put_back_it_is_put_back_by_the_next(world: World) -> None:
    killed_while_it_baked(world)
    alarm(world)
    world.passage.fault = lambda call: (
        Fault(kill="after") if call.operation == "UpdateAlias" and gone_back(world) else None
    )
    operator = world.start("carl", verbs.resume)
    world.run()
    assert operator.killed
    world.passage.fault = lambda _: None
    world.simulation.advance(90)
    assert resume(world).exit_code == ExitCode.ROLLED_BACK
    assert world.live("alpha").version == "1"
    invariants.check_settled(world)


def gone_back(world: World) -> bool:
    """Whether the call that is about to be made is the second of the one who puts back."""
    return sum(move.operator == "carl" for move in world.recorder.moves) > 0


def test_live_that_somebody_moved_elsewhere_is_not_said_to_be_put_back(world: World) -> None:
    world.push("two")
    world.do("ann", lambda tools: verbs.release(tools, "two"))
    world.simulation.advance(60)
    killed_while_it_baked(world)
    name = world.environment.function_name("alpha")
    world.client("lambda").update_alias(FunctionName=name, Name="live", FunctionVersion="1")
    world.simulation.advance(10)
    alarm(world)
    outcome = resume(world)
    assert (outcome.result, outcome.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
    assert "live points at version 1" in outcome.reason
    assert world.live("alpha").version == "1"


def test_an_alarm_that_was_overlooked_is_overlooked_again(world: World) -> None:
    alarm(world)
    before = world.history("alpha")[0]

    def dies(call: Call) -> Fault | None:
        dead = call.operator == "dead" and call.operation == "PublishVersion"
        return Fault(kill="before") if dead else None

    world.passage.fault = dies
    world.start(
        "dead", lambda tools: verbs.release(tools, "one", options=Options(fix_forward=True))
    )
    world.run()
    world.simulation.advance(90)
    assert world.history("alpha")[0] != before
    assert resume(world).result == "released"
    assert world.history("alpha")[0].audit
