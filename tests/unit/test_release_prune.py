"""Old versions are deleted, and none that somebody needs."""

from __future__ import annotations

from typing import Any

import pytest
from fleet.errors import ExitCode, FleetError
from fleet.release import strategy
from fleet.release.drift import Standing, different
from fleet.release.prune import Pruned, prune
from fleet.release.strategy import Options

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

CANARY = Options(*strategy.parse("canary"))


@pytest.fixture
def world() -> Any:
    """A function with six released versions, and a seventh that failed its smoke event."""
    with World(["alpha"], seed=4) as world:
        for number in range(6):
            world.push(f"tag{number}")
            release(world, f"tag{number}")
        world.push("bad", smoke="error")
        release(world, "bad")
        yield world


def release(world: World, tag: str) -> None:
    world.do("ann", lambda tools: verbs.release(tools, tag, ["alpha"]))


def pruned(world: World, keep: int, *, dry_run: bool = False) -> Pruned:
    result = world.do("bob", lambda tools: prune(tools, "alpha", keep, dry_run=dry_run))
    assert isinstance(result, Pruned)
    return result


def versions(world: World) -> list[str]:
    return [number for number in world.function("alpha").versions if number != "$LATEST"]


def test_the_rollback_window_and_what_is_live_stay(world: World) -> None:
    result = pruned(world, keep=2)
    assert sorted(result.deleted) == ["1", "2", "3", "7"]
    assert set(result.kept) == {"4", "5", "6"}
    assert "alias live" in result.kept["6"]
    assert sorted(versions(world)) == ["4", "5", "6"]


def test_after_a_rollback_the_window_is_what_further_rollbacks_would_go_to(world: World) -> None:
    for _ in range(3):
        world.do("bob", lambda tools: verbs.roll_back(tools, ["alpha"]))
    assert world.live("alpha").version == "3"
    pruned(world, keep=1)
    assert sorted(versions(world)) == ["2", "3"]
    report = world.do("bob", lambda tools: verbs.roll_back(tools, ["alpha"]))
    assert (report.exit_code, world.live("alpha").version) == (ExitCode.DONE, "2")


def test_what_live_was_moved_to_by_hand_leaves_the_last_releases(world: World) -> None:
    name = world.environment.function_name("alpha")
    world.client("lambda").update_alias(FunctionName=name, Name="live", FunctionVersion="7")
    world.simulation.advance(10)
    pruned(world, keep=1)
    assert sorted(versions(world)) == ["5", "6", "7"]


def test_a_release_that_begins_meanwhile_waits_and_keeps_its_version(world: World) -> None:
    world.push("next")
    slow = Fault(before=5.0)
    world.passage.fault = lambda call: slow if call.operation == "DeleteFunction" else None
    bob = world.start("bob", lambda tools: prune(tools, "alpha", 2))
    world.simulation.advance(8)
    refused = world.do("ann", lambda tools: verbs.release(tools, "next", ["alpha"]))
    assert refused.exit_code == ExitCode.REFUSED
    waiting = Options(wait_seconds=120)
    report = world.do("ann", lambda tools: verbs.release(tools, "next", ["alpha"], waiting))
    assert (report.exit_code, world.live("alpha").version) == (ExitCode.DONE, "8")
    assert sorted(bob.result().deleted) == ["1", "2", "3", "7"]


def test_a_rollback_takes_over_from_it(world: World) -> None:
    slow = Fault(before=5.0)
    world.passage.fault = lambda call: slow if call.operation == "DeleteFunction" else None
    bob = world.start("bob", lambda tools: prune(tools, "alpha", 2))
    world.simulation.advance(8)
    report = world.do("ann", lambda tools: verbs.roll_back(tools, ["alpha"]))
    assert (report.exit_code, world.live("alpha").version) == (ExitCode.DONE, "5")
    world.run()
    with pytest.raises(FleetError, match="another command took over"):
        bob.result()


def test_a_dry_run_deletes_nothing(world: World) -> None:
    before = versions(world)
    assert sorted(pruned(world, keep=2, dry_run=True).deleted) == ["1", "2", "3", "7"]
    assert versions(world) == before


def test_a_release_under_way_refuses_it(world: World) -> None:
    world.push("next")
    world.start("ann", lambda tools: verbs.release(tools, "next", ["alpha"], CANARY))
    world.simulation.advance(20)
    with pytest.raises(FleetError, match="is being released by ann") as error:
        pruned(world, keep=2)
    assert error.value.code == ExitCode.REFUSED


def test_the_versions_of_a_killed_release_stay(world: World) -> None:
    world.push("next")
    operator = world.start("ann", lambda tools: verbs.release(tools, "next", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    operator.kill()
    world.simulation.advance(90)
    assert pruned(world, keep=1).deleted == ["1", "2", "3", "4", "7"]
    assert {"6", "8"} <= set(versions(world))


def test_what_lambda_refuses_to_delete_is_told_and_stops_nothing(world: World) -> None:
    def refuse(call: Call) -> Fault | None:
        two = call.operation == "DeleteFunction" and call.parameters["Qualifier"] == "2"
        return Fault(error="ResourceConflictException") if two else None

    world.passage.fault = refuse
    result = pruned(world, keep=2)
    assert sorted(result.deleted) == ["1", "3", "7"]
    assert "ResourceConflictException" in result.refused["2"]


def standing(world: World) -> Standing:
    found = world.do("eve", lambda tools: Standing.of(tools, "alpha"))
    assert isinstance(found, Standing)
    return found


def test_a_configuration_that_drifted_is_named_without_its_values(world: World) -> None:
    assert standing(world).to_dict()["latest_differs"] is False
    world.client("lambda").update_function_configuration(
        FunctionName=world.environment.function_name("alpha"), MemorySize=777
    )
    world.simulation.advance(10)
    shown = standing(world).to_dict()
    assert shown["drift"] == {"image": False, "settings": ["MemorySize"]}
    assert "777" not in str(shown)


def test_an_open_release_is_shown_with_who_and_whether_it_lives(world: World) -> None:
    world.push("next")
    operator = world.start("ann", lambda tools: verbs.release(tools, "next", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    shown = standing(world).to_dict()
    assert shown["open_release"]["under_way"] is True
    assert shown["locked_by"]["holder"] == "ann"
    assert list(shown["weights"].values()) == [0.1]
    operator.kill()
    world.simulation.advance(90)
    shown = standing(world).to_dict()
    assert (shown["open_release"]["under_way"], shown["locked_by"]) == (False, None)


def test_settings_are_compared_to_the_last_branch() -> None:
    before = {"Environment": {"Variables": {"A": "1", "B": "2"}}, "Timeout": 3}
    after = {"Environment": {"Variables": {"A": "1", "C": "2"}}, "Timeout": 3, "Role": "r"}
    assert different(before, after) == [
        "Environment.Variables.B",
        "Environment.Variables.C",
        "Role",
    ]
