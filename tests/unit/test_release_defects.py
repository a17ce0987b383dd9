"""What other tools get wrong, and what happens to functions beside a release: a test each."""

from __future__ import annotations

from typing import Any

import pytest
from fleet.errors import ExitCode
from fleet.release import strategy
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options
from fleet.release.target import Wish

from tests.kit.world import verbs
from tests.kit.world.faults import Call
from tests.kit.world.world import World

CANARY = Options(*strategy.parse("canary"))
LINEAR = Options(*strategy.parse("linear", "4"))


def release(world: World, tag: str, options: Options | None = None) -> FunctionOutcome:
    report = world.do("ann", lambda tools: verbs.release(tools, tag, ["alpha"], options))
    (outcome,) = report.functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


def roll_back(world: World, wish: Wish | None = None) -> FunctionOutcome:
    report = world.do("bob", lambda tools: verbs.roll_back(tools, ["alpha"], wish))
    (outcome,) = report.functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


@pytest.fixture
def world() -> Any:
    """A function that was released as `first`, with images for more."""
    with World(["alpha"], seed=5) as world:
        for tag in ("one", "two", "three"):
            world.push(tag)
        release(world, "first")
        yield world


def alarm(world: World, state: str = "ALARM") -> None:
    name = f"{world.environment.function_name('alpha')}-errors"
    world.cloudwatch.alarms[name].state = state


# lambroll takes the next lower number for the previous version, and keeps a bad one.


def test_a_rollback_goes_to_what_was_live_and_not_to_the_next_lower_number(world: World) -> None:
    world.push("bad", smoke="error")
    good = release(world, "one").version
    failed = release(world, "bad")
    assert failed.result == "put-back"
    newest = release(world, "two").version
    assert int(newest) - int(good) > 1, "the bad version has a number in between"
    assert roll_back(world).version == good


def test_a_second_rollback_goes_one_release_further_back(world: World) -> None:
    release(world, "one")
    release(world, "two")
    assert [roll_back(world).tag, roll_back(world).tag] == ["one", "first"]


# lambroll ignores aliases when it prunes: Lambda, and so the fake, refuses that at least.


def test_a_version_that_live_shares_traffic_with_cannot_be_deleted(world: World) -> None:
    release(world, "one")
    client, name = world.client("lambda"), world.environment.function_name("alpha")
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.delete_function(FunctionName=name, Qualifier=world.live("alpha").version)


# CodeDeploy has no rollback command, and an alarm that fires already stops the release that
# would mend it.


def test_an_alarm_that_fires_already_refuses_a_release(world: World) -> None:
    alarm(world)
    outcome = release(world, "one")
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.REFUSED)
    assert "-errors" in outcome.reason
    assert "--fix-forward" in outcome.todo
    assert len(world.history("alpha")) == 1


def test_fix_forward_releases_in_spite_of_it_and_is_audited(world: World) -> None:
    alarm(world)
    outcome = release(world, "one", Options(fix_forward=True))
    assert outcome.result == "released"
    assert "-errors" in world.history("alpha")[0].audit


def test_fix_forward_goes_on_by_the_evidence_of_the_version_itself(world: World) -> None:
    alarm(world)
    world.traffic("alpha", per_minute=600)
    options = Options(*strategy.parse("canary"), fix_forward=True)
    outcome = release(world, "one", options)
    assert outcome.result == "released"
    assert outcome.verdict == "pass"
    assert outcome.looks[-1].new.invocations > outcome.looks[-1].synthetic


def test_fix_forward_still_stops_a_version_that_is_worse(world: World) -> None:
    alarm(world)
    world.push("worse", error_rate=0.4)
    world.traffic("alpha", per_minute=600)
    options = Options(*strategy.parse("canary"), fix_forward=True)
    assert release(world, "worse", options).result == "put-back"


def test_an_alarm_that_cannot_be_read_counts_as_one_that_fires(world: World) -> None:
    name = f"{world.environment.function_name('alpha')}-errors"
    world.cloudwatch.unreadable.add(name)
    outcome = release(world, "one")
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.REFUSED)
    assert "cannot be read" in outcome.reason


# The Buildkite plugin looks for an error in the payload, and ends a linear shift without moving.


def test_a_linear_shift_ends_with_live_on_the_new_version_alone(world: World) -> None:
    world.traffic("alpha", per_minute=600)
    outcome = release(world, "one", LINEAR)
    assert outcome.result == "released"
    assert [share for _, share in outcome.weights] == [0.25, 0.5, 0.75, 1.0]
    assert (world.live("alpha").version, dict(world.live("alpha").weights)) == (outcome.version, {})


# What happens beside a release.


def test_an_image_that_a_lifecycle_policy_deleted_is_refused_before_any_change(
    world: World,
) -> None:
    release(world, "one")
    world.registry.delete("alpha", "first")
    live, moves = world.live("alpha").version, len(world.recorder.moves)
    outcome = roll_back(world)
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert "no longer in the registry" in outcome.reason
    assert (world.live("alpha").version, len(world.recorder.moves)) == (live, moves)


def test_a_release_that_could_not_be_put_back_is_refused(world: World) -> None:
    world.registry.delete("alpha", "first")
    outcome = release(world, "one")
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert "could not be put back" in outcome.reason
    assert release(world, "one", Options(fix_forward=True)).result == "released"


def test_a_rollback_after_a_failed_first_deploy_says_that_there_is_nothing_to_go_back_to() -> None:
    with World(["alpha"]) as world:
        world.push("bad", smoke="error")
        assert release(world, "bad").result == "put-back"
        outcome = roll_back(world)
        assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
        assert "no earlier release" in outcome.reason
        assert world.live("alpha").version == "$LATEST"
        assert release(world, "first").result == "released"


def test_a_rollback_stops_a_canary_and_leaves_no_weights(world: World) -> None:
    canary = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    world.simulation.advance(20)
    outcome = roll_back(world)
    assert (outcome.result, outcome.version) == ("rolled-back", "1")
    assert not world.live("alpha").weights
    world.run()
    (stopped,) = canary.result().functions
    assert (stopped.result, stopped.exit_code) == ("stopped", ExitCode.REFUSED)
    assert (world.live("alpha").version, dict(world.live("alpha").weights)) == ("1", {})
    assert world.latest("alpha").digest == world.live_digest("alpha")
    assert [r.state for r in world.history("alpha")[:2]] == ["succeeded", "stopped"]


def test_after_a_rollback_a_new_configuration_does_not_bring_the_bad_image_back(
    world: World,
) -> None:
    release(world, "one")
    roll_back(world)
    world.client("lambda").update_function_configuration(
        FunctionName=world.environment.function_name("alpha"), MemorySize=1024
    )
    world.simulation.advance(10)
    report = world.do("ann", verbs.apply)
    assert [o.result for o in report.functions] == ["released"]
    assert world.live_digest("alpha") == world.registry.image("alpha", "first").digest


def test_even_a_latest_that_holds_the_bad_image_does_not_bring_it_back(world: World) -> None:
    release(world, "one")
    roll_back(world)
    world.client("lambda").update_function_code(
        FunctionName=world.environment.function_name("alpha"),
        ImageUri=world.registry.image("alpha", "one").uri,
    )
    world.simulation.advance(10)
    world.do("ann", verbs.apply)
    assert world.live_digest("alpha") == world.registry.image("alpha", "first").digest


def test_a_function_that_terraform_replaced_is_released_from_the_start(world: World) -> None:
    release(world, "one")
    world.create("alpha", "first")
    outcome = roll_back(world)
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert release(world, "two").version == "1"
    assert "no earlier release" in roll_back(world).reason
    assert release(world, "three").result == "released"
    assert roll_back(world).tag == "two"


def test_a_version_number_that_means_another_image_by_now_is_refused(world: World) -> None:
    release(world, "one")
    world.create("alpha", "two")
    release(world, "two")
    outcome = roll_back(world, Wish(tag="first"))
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert "the function was replaced" in outcome.reason
    assert "fleet release" in outcome.todo


def test_a_version_that_lambda_put_to_sleep_is_woken_before_live_goes_there(world: World) -> None:
    release(world, "one")
    world.lambda_.put_to_sleep(world.environment.function_name("alpha"), "1")
    states: list[str] = []

    def note(call: Call) -> None:
        if call.operation == "UpdateAlias":
            states.append(world.function("alpha").version("1").state)

    world.passage.fault = note
    assert roll_back(world).result == "rolled-back"
    assert states == ["Active"]


def test_a_function_that_sleeps_is_released(world: World) -> None:
    name = world.environment.function_name("alpha")
    world.lambda_.put_to_sleep(name, world.live("alpha").version)
    assert release(world, "one").result == "released"


def test_provisioned_concurrency_and_weights_are_refused_before_any_change(world: World) -> None:
    world.function("alpha").provisioned.add("live")
    outcome = release(world, "one", CANARY)
    assert (outcome.result, outcome.exit_code) == ("refused", ExitCode.PREFLIGHT)
    assert "provisioned concurrency" in outcome.reason
    assert "all-at-once" in outcome.todo
    assert release(world, "one").result == "released"


def test_the_local_aws_mixes_alarms_up_so_they_are_told_and_refuse_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm(world)
    monkeypatch.setattr(type(world.environment), "is_local", True)
    outcome = release(world, "one")
    assert outcome.result == "released"
    assert any("mixes functions up" in note for note in outcome.notes)
