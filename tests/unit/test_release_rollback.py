"""Rolling back, and going on with what a killed command left half done."""

from __future__ import annotations

from typing import Any

import pytest
from fleet.errors import ExitCode
from fleet.release import strategy
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options
from fleet.release.target import Wish

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

CANARY = Options(*strategy.parse("canary"))


def one(report: Any) -> FunctionOutcome:
    (outcome,) = report.functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


def release(world: World, tag: str, options: Options | None = None) -> FunctionOutcome:
    return one(world.do("ann", lambda tools: verbs.release(tools, tag, ["alpha"], options)))


def roll_back(world: World, **wish: str) -> FunctionOutcome:
    return one(world.do("bob", lambda tools: verbs.roll_back(tools, ["alpha"], Wish(**wish))))


def resume(world: World) -> Any:
    return world.do("carl", lambda tools: verbs.resume(tools, ["alpha"]))


def killed(world: World, work: Any, operation: str, when: str = "before") -> None:
    """Let somebody begin some work, and die at a call; then let the lease run out."""
    armed = True

    def fault(call: Call) -> Fault | None:
        nonlocal armed
        if armed and call.operator == "dead" and call.operation == operation:
            armed = False
            return Fault(kill=when)  # type: ignore[arg-type]
        return None

    world.passage.fault = fault
    operator = world.start("dead", work)
    world.run()
    assert operator.killed
    world.passage.fault = lambda _: None
    world.simulation.advance(90)


@pytest.fixture
def world() -> Any:
    """A function that was released as `first` and then as `one`."""
    with World(["alpha"], seed=9) as world:
        for tag in ("one", "two"):
            world.push(tag)
        release(world, "first")
        release(world, "one")
        yield world


@pytest.mark.parametrize("wish", [{}, {"tag": "first"}, {"version": "1"}])
def test_live_and_latest_go_back(world: World, wish: dict[str, str]) -> None:
    outcome = roll_back(world, **wish)
    assert (outcome.result, outcome.version, outcome.tag) == ("rolled-back", "1", "first")
    assert (outcome.previous_version, outcome.previous_tag) == ("2", "one")
    assert world.live("alpha").version == "1"
    assert world.latest("alpha").digest == world.live_digest("alpha")
    newest = world.history("alpha")[0]
    assert (newest.kind, newest.state, newest.version) == ("rollback", "succeeded", "1")


def test_the_tag_of_a_commit_that_changed_nothing_leads_to_the_same_image(world: World) -> None:
    digest = world.registry.image("alpha", "first").digest
    world.registry.push("alpha", "same-content", digest=digest)
    assert roll_back(world, tag="same-content").version == "1"


def test_a_tag_that_was_never_released(world: World) -> None:
    outcome = roll_back(world, tag="two")
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert "never released with the tag two" in outcome.reason
    assert "one, first" in outcome.todo


def test_a_tag_is_known_by_its_beginning_as_status_and_history_show_it(world: World) -> None:
    commit, other = "3f9c2a71d0be" + "4" * 28, "3f9c2a71d0be" + "5" * 28
    world.push(commit)
    world.push(other)
    for tag in (commit, "two"):
        release(world, tag)
    outcome = roll_back(world, tag=commit[:12])
    assert (outcome.result, outcome.tag) == ("rolled-back", commit)
    assert world.live_digest("alpha") == world.registry.image("alpha", commit).digest
    assert roll_back(world, tag=commit[:6]).exit_code == ExitCode.PREFLIGHT
    release(world, other)
    refused = roll_back(world, tag=commit[:12])
    assert refused.exit_code == ExitCode.USAGE
    assert (commit in refused.todo, other in refused.todo) == (True, True)
    assert world.live_digest("alpha") == world.registry.image("alpha", other).digest
    assert roll_back(world, tag=commit[:13]).result == "rolled-back"


def test_a_version_that_is_none(world: World) -> None:
    assert roll_back(world, version="live").exit_code == ExitCode.USAGE
    assert "has no version 99" in roll_back(world, version="99").reason


def test_a_version_that_never_passed_is_sent_its_smoke_event_first(world: World) -> None:
    world.push("bad", smoke="error")
    failed = release(world, "bad").version
    outcome = roll_back(world, version=failed)
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert "never released and fails its smoke event" in outcome.reason
    assert world.live("alpha").version == "2"


def test_a_rollback_that_aws_denies_can_be_resumed(world: World) -> None:
    world.passage.fault = lambda call: (
        Fault(error="AccessDeniedException") if call.operation == "UpdateAlias" else None
    )
    outcome = roll_back(world)
    assert (outcome.result, outcome.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
    assert "could not be moved" in outcome.reason
    assert "fleet resume" in outcome.todo
    world.passage.fault = lambda _: None
    assert one(resume(world)).result == "rolled-back"
    assert world.live("alpha").version == "1"


def test_a_rollback_whose_latest_cannot_be_restored_says_so(world: World) -> None:
    world.passage.fault = lambda call: (
        Fault(error="AccessDeniedException") if call.operation == "UpdateFunctionCode" else None
    )
    outcome = roll_back(world)
    assert (outcome.result, outcome.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
    assert "$LATEST still has the image" in outcome.reason
    assert world.live("alpha").version == "1"
    world.passage.fault = lambda _: None
    assert one(resume(world)).result == "rolled-back"
    assert world.latest("alpha").digest == world.live_digest("alpha")


def test_two_rollbacks_at_once_go_back_once(world: World) -> None:
    release(world, "two")
    first = world.start("ann", lambda tools: verbs.roll_back(tools, ["alpha"]))
    second = world.start("bob", lambda tools: verbs.roll_back(tools, ["alpha"]))
    world.run()
    results = sorted(one(operator.result()).result for operator in (first, second))
    assert results == ["refused", "rolled-back"]
    assert world.live("alpha").version == "2"


def test_nothing_to_resume(world: World) -> None:
    assert resume(world).functions == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "operation", ["UpdateFunctionCode", "PublishVersion", "Invoke", "UpdateAlias"]
)
def test_a_killed_release_is_finished(world: World, operation: str, when: str) -> None:
    killed(world, lambda tools: verbs.release(tools, "two", ["alpha"]), operation, when)
    assert not world.recorder.violations
    outcome = one(resume(world))
    assert outcome.result in {"released", "unchanged"}
    assert world.live_digest("alpha") == world.registry.image("alpha", "two").digest
    assert world.latest("alpha").digest == world.live_digest("alpha")
    assert world.history("alpha")[0].state == "succeeded"
    assert resume(world).functions == []


def test_a_killed_canary_begins_again_with_its_first_share(world: World) -> None:
    killed(world, lambda tools: verbs.release(tools, "two", ["alpha"], CANARY), "GetMetricData")
    assert world.live("alpha").weights
    outcome = one(resume(world))
    assert (outcome.result, [share for _, share in outcome.weights]) == (
        "released",
        [0.1, 0.5, 1.0],
    )
    assert world.history("alpha")[0].strategy == "canary"


def test_what_cannot_be_finished_is_put_back(world: World) -> None:
    killed(world, lambda tools: verbs.release(tools, "two", ["alpha"]), "PublishVersion")
    world.registry.delete("alpha", "two")
    outcome = one(resume(world))
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert "no image with the tag two" in outcome.reason
    assert world.live("alpha").version == "2"
    assert world.latest("alpha").digest == world.live_digest("alpha")
    assert world.history("alpha")[0].state == "interrupted"


@pytest.mark.parametrize("operation", ["UpdateAlias", "UpdateFunctionCode"])
def test_a_killed_rollback_is_finished(world: World, operation: str) -> None:
    killed(world, lambda tools: verbs.roll_back(tools, ["alpha"]), operation)
    assert one(resume(world)).result == "rolled-back"
    assert world.live("alpha").version == "1"
    assert world.latest("alpha").digest == world.live_digest("alpha")


def test_a_rollback_during_a_killed_release_goes_to_what_was_live_before_it(world: World) -> None:
    killed(world, lambda tools: verbs.release(tools, "two", ["alpha"]), "UpdateAlias", "after")
    assert world.live_digest("alpha") == world.registry.image("alpha", "two").digest
    outcome = roll_back(world)
    assert (outcome.result, outcome.version) == ("rolled-back", "2")
    assert world.latest("alpha").digest == world.live_digest("alpha")
