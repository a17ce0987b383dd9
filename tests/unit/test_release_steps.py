"""One release from start to end, and every way in which it does not get through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fleet.errors import ExitCode
from fleet.release import strategy
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options
from fleet.release.tools import Tools

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World


def release(world: World, tag: str, options: Options | None = None) -> FunctionOutcome:
    """Release the first function by an operator of its own; its outcome."""
    name = world.project.functions[0]
    report = world.do("ann", lambda tools: verbs.release(tools, tag, [name], options))
    (outcome,) = report.functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


@pytest.fixture
def world() -> Any:
    """A world whose one function was released as `first`, and has images for more."""
    with World(["alpha"], seed=1) as world:
        for tag in ("one", "two"):
            world.push(tag)
        assert release(world, "first").result == "released"
        yield world


def test_a_release_moves_live_to_the_new_digest(world: World) -> None:
    before = world.live("alpha").version
    outcome = release(world, "one")
    image = world.registry.image("alpha", "one")
    assert (outcome.result, outcome.exit_code) == ("released", ExitCode.DONE)
    assert (outcome.previous_version, outcome.previous_tag) == (before, "first")
    assert world.live("alpha").version == outcome.version != before
    assert world.live_digest("alpha") == outcome.digest == image.digest
    newest = world.history("alpha")[0]
    assert (newest.state, newest.version, newest.passed) == ("succeeded", outcome.version, True)
    assert [step.name for step in outcome.steps] == [
        "preflight", "update", "publish", "smoke", "shift",
    ]  # fmt: skip


def test_releasing_what_is_live_changes_nothing(world: World) -> None:
    moves, known = len(world.recorder.moves), len(world.history("alpha"))
    outcome = release(world, "first")
    assert (outcome.result, outcome.version) == ("unchanged", world.live("alpha").version)
    assert (len(world.recorder.moves), len(world.history("alpha"))) == (moves, known)


@pytest.mark.parametrize("how", ["all-at-once", "canary"])
@pytest.mark.parametrize("weights", [{}, {"1": 0.25}])
def test_releasing_what_is_live_after_latest_was_changed_by_hand_puts_it_right(
    world: World, how: str, weights: dict[str, float]
) -> None:
    """Lambda publishes nothing new: the version that it returns is the one that is live."""
    release(world, "one")
    world.simulation.advance(60)
    name, client = world.environment.function_name("alpha"), world.client("lambda")
    other = world.registry.image("alpha", "two").uri
    client.update_function_code(FunctionName=name, ImageUri=other)
    routing = {"AdditionalVersionWeights": weights}
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2", RoutingConfig=routing)
    world.simulation.advance(10)
    outcome = release(world, "one", Options(*strategy.parse(how)))
    assert outcome.exit_code == ExitCode.DONE, outcome.reason
    assert outcome.result == ("released" if weights else "unchanged")
    assert (outcome.version, world.live("alpha").version) == ("2", "2")
    assert not world.live("alpha").weights
    assert world.latest("alpha").digest == world.live_digest("alpha")
    newest = world.history("alpha")[0]
    assert (newest.state, newest.version, newest.previous_version) == ("succeeded", "2", "2")


def test_a_dry_run_looks_and_changes_nothing(world: World) -> None:
    calls: list[str] = []
    world.passage.fault = lambda call: calls.append(call.operation) if call.writes else None
    assert release(world, "one", Options(dry_run=True)).result == "planned"
    assert release(world, "first", Options(dry_run=True)).result == "unchanged"
    assert not calls


def test_the_intent_is_in_the_history_before_the_first_change(world: World) -> None:
    world.passage.fault = lambda call: (
        Fault(kill="before") if call.operation == "UpdateFunctionCode" else None
    )
    operator = world.start("bob", lambda tools: verbs.release(tools, "one"))
    world.run()
    assert operator.killed
    intent = world.history("alpha")[0]
    assert (intent.state, intent.tag, intent.previous_version) == ("started", "one", "1")


@pytest.mark.parametrize("smoke", ["error", "wrong"])
def test_a_version_that_fails_its_smoke_event_never_goes_live(world: World, smoke: str) -> None:
    world.push("bad", smoke=smoke)
    live, latest = world.live("alpha").version, world.latest("alpha").digest
    outcome = release(world, "bad")
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert "failed its smoke event" in outcome.reason
    assert (world.live("alpha").version, world.latest("alpha").digest) == (live, latest)
    assert world.history("alpha")[0].state == "failed"
    assert not world.recorder.violations


def test_an_update_that_lambda_gives_up_is_told_with_its_reason(world: World) -> None:
    world.lambda_.timing.failing_updates = 1
    latest = world.latest("alpha").digest
    outcome = release(world, "one")
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert "could not update" in outcome.reason
    assert "no reason given" not in outcome.reason
    assert world.latest("alpha").digest == latest


def test_a_version_that_lambda_cannot_prepare_is_put_back(world: World) -> None:
    world.lambda_.timing.failing_publishes = 1
    outcome = release(world, "one")
    assert (outcome.result, world.live("alpha").version) == ("put-back", "1")
    assert "could not prepare version" in outcome.reason


def test_the_next_release_after_a_failed_one_gets_through(world: World) -> None:
    world.lambda_.timing.failing_updates = 1
    release(world, "one")
    assert release(world, "one").result == "released"


def test_an_error_of_aws_in_the_middle_is_put_back(world: World) -> None:
    world.passage.fault = lambda call: (
        Fault(error="KMSAccessDeniedException") if call.operation == "PublishVersion" else None
    )
    outcome = release(world, "one")
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert world.latest("alpha").digest == world.live_digest("alpha")


def test_when_putting_back_fails_too_a_person_is_needed(world: World) -> None:
    world.push("bad", smoke="error")
    updates = 0

    def fault(call: Call) -> Fault | None:
        nonlocal updates
        updates += call.operation == "UpdateFunctionCode"
        denied = call.operation == "UpdateFunctionCode" and updates > 1
        return Fault(error="AccessDeniedException") if denied else None

    world.passage.fault = fault
    outcome = release(world, "bad")
    assert (outcome.result, outcome.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
    assert "putting things back failed too" in outcome.reason
    assert "fleet resume" in outcome.todo
    world.passage.fault = lambda _: None
    report = world.do("carl", verbs.resume)
    assert [o.result for o in report.functions] == ["put-back"], "the bad image fails again"
    assert world.latest("alpha").digest == world.live_digest("alpha")


def test_an_image_that_somebody_else_put_in_between_is_never_released(world: World) -> None:
    def sneak(call: Call) -> Fault | None:
        if call.operation == "PublishVersion":
            world.client("lambda").update_function_code(
                FunctionName=call.parameters["FunctionName"],
                ImageUri=world.registry.image("alpha", "two").uri,
            )
            world.passage.fault = lambda _: None
            return Fault(before=10)
        return None

    world.passage.fault = sneak
    outcome = release(world, "one")
    assert outcome.exit_code == ExitCode.REFUSED
    assert "somebody else changed $LATEST" in outcome.reason
    assert world.live("alpha").version == "1"


def test_somebody_else_s_move_of_live_is_never_overwritten(world: World) -> None:
    release(world, "one")

    def sneak(call: Call) -> Fault | None:
        if call.operation == "Invoke":
            world.client("lambda").update_alias(
                FunctionName=call.parameters["FunctionName"], Name="live", FunctionVersion="1"
            )
            world.passage.fault = lambda _: None
        return None

    world.passage.fault = sneak
    outcome = release(world, "two")
    assert outcome.exit_code == ExitCode.REFUSED
    assert "somebody else changed live" in outcome.reason
    assert world.live("alpha").version == "1"
    assert world.latest("alpha").digest == world.live_digest("alpha")


@pytest.mark.parametrize("operation", ["UpdateFunctionCode", "PublishVersion", "UpdateAlias"])
@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_answer_that_gets_lost_changes_nothing(world: World, operation: str, lost: Any) -> None:
    left = 1

    def fault(call: Call) -> Fault | None:
        nonlocal left
        if call.operation == operation and left:
            left = 0
            return Fault(lost=lost)
        return None

    world.passage.fault = fault
    assert release(world, "one").result == "released"
    assert world.live_digest("alpha") == world.registry.image("alpha", "one").digest


def test_ctrl_c_puts_back_what_was_begun(world: World) -> None:
    operator = world.start("ann", lambda tools: verbs.release(tools, "one"))
    world.run(lambda: world.latest("alpha").digest == world.registry.image("alpha", "one").digest)
    operator.cancel()
    world.run()
    (outcome,) = operator.result().functions
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert "stopped by the operator" in outcome.reason
    assert world.latest("alpha").digest == world.live_digest("alpha")
    assert world.history("alpha")[0].state == "failed"


def test_a_defect_of_our_own_does_not_leave_a_release_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("fleet.release.shift.Shift.to", broken)
    outcome = release(world, "one")
    assert (outcome.result, outcome.reason) == ("put-back", "ZeroDivisionError: a defect")
    assert world.latest("alpha").digest == world.live_digest("alpha")


def test_all_functions_are_looked_at_before_the_first_is_changed() -> None:
    with World(["alpha", "beta", "gamma"]) as world:
        world.do("ann", lambda tools: verbs.release(tools, "first"))
        world.push("one", "alpha", "gamma")
        report = world.do("ann", lambda tools: verbs.release(tools, "one"))
        assert report.exit_code == ExitCode.PREFLIGHT
        assert {o.function: o.result for o in report.functions} == dict.fromkeys(
            ("alpha", "beta", "gamma"), "refused"
        )
        reasons = {o.function: o.reason for o in report.functions}
        assert "no image with the tag one" in reasons["beta"]
        assert "another function of this release" in reasons["alpha"]
        assert all(len(world.history(name)) == 1 for name in reasons)


def test_one_function_s_failure_does_not_stop_the_others() -> None:
    with World(["alpha", "beta"]) as world:
        world.do("ann", lambda tools: verbs.release(tools, "first"))
        world.push("one", "alpha", smoke="error")
        world.push("one", "beta")
        report = world.do("ann", lambda tools: verbs.release(tools, "one"))
        assert {o.function: o.result for o in report.functions} == {
            "alpha": "put-back",
            "beta": "released",
        }
        assert report.exit_code == ExitCode.ROLLED_BACK


def test_a_configuration_change_is_released_with_the_same_image(world: World) -> None:
    world.client("lambda").update_function_configuration(
        FunctionName=world.environment.function_name("alpha"), MemorySize=512
    )
    world.simulation.advance(10)
    before = world.live("alpha").version
    report = world.do("ann", verbs.apply)
    assert [o.result for o in report.functions] == ["released"]
    assert world.live("alpha").version != before
    assert world.live_digest("alpha") == world.registry.image("alpha", "first").digest


def test_production_is_refused_unless_it_has_opted_in(world: World) -> None:
    def without(tools: Tools) -> Any:
        closed = replace(tools.environment, releases=False)
        return verbs.release(replace(tools, environment=closed), "one")

    with pytest.raises(Exception, match="refused by policy"):
        world.do("ann", without)
