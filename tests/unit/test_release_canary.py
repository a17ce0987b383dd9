"""Traffic in shares: what stops a canary, and what too little traffic means."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from fleet.errors import ExitCode
from fleet.release import strategy
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

CANARY = Options(*strategy.parse("canary"))


def release(world: World, tag: str, options: Options = CANARY) -> FunctionOutcome:
    report = world.do("ann", lambda tools: verbs.release(tools, tag, ["alpha"], options))
    (outcome,) = report.functions
    assert isinstance(outcome, FunctionOutcome)
    return outcome


def shares(outcome: FunctionOutcome) -> list[float]:
    return [share for _, share in outcome.weights]


@pytest.fixture
def world() -> Any:
    with World(["alpha"], seed=7) as world:
        world.push("one")
        release(world, "first", Options())
        yield world


def alarm(world: World) -> None:
    name = f"{world.environment.function_name('alpha')}-errors"
    world.cloudwatch.alarms[name].state = "ALARM"


def assert_old_again(world: World) -> None:
    assert (world.live("alpha").version, dict(world.live("alpha").weights)) == ("1", {})
    assert world.latest("alpha").digest == world.live_digest("alpha")
    assert world.history("alpha")[0].state == "failed"


def test_a_good_version_goes_through_all_shares(world: World) -> None:
    world.traffic("alpha", per_minute=600)
    outcome = release(world, "one")
    assert (outcome.result, shares(outcome)) == ("released", [0.1, 0.5, 1.0])
    assert outcome.verdict == "pass"
    moves = [move for move in world.recorder.moves if move.operator == "ann"]
    assert [(m.version, m.weights) for m in moves[1:]] == [
        ("1", {outcome.version: 0.1}),
        ("1", {outcome.version: 0.5}),
        (outcome.version, {}),
    ]


def test_each_share_is_watched_for_timeout_and_metrics(world: World) -> None:
    world.traffic("alpha", per_minute=600)
    outcome = release(world, "one")
    times = [at for at, _ in outcome.weights]
    timeout = 3
    assert all(later - at >= timeout + 60 for at, later in pairwise(times))


def test_a_worse_version_is_stopped_at_its_first_share(world: World) -> None:
    world.push("worse", error_rate=0.5)
    world.traffic("alpha", per_minute=600)
    outcome = release(world, "worse")
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert shares(outcome) == [0.1, 0.0]
    assert outcome.verdict == "fail"
    assert "chance" in outcome.reason
    assert_old_again(world)


def test_errors_that_old_and_new_share_stop_nothing() -> None:
    with World(["alpha"], seed=11) as world:
        world.push("base", error_rate=0.05)
        world.push("next", error_rate=0.05)
        release(world, "base", Options())
        world.traffic("alpha", per_minute=1200)
        assert release(world, "next").result == "released"


def test_an_alarm_that_goes_off_stops_it_at_once(world: World) -> None:
    world.traffic("alpha", per_minute=600)
    operator = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    alarm(world)
    began = world.now
    world.run(lambda: not world.live("alpha").weights)
    assert world.now - began < 20
    world.run()
    (outcome,) = operator.result().functions
    assert outcome.result == "put-back"
    assert "alarm: " in outcome.reason
    assert_old_again(world)


def test_an_alarm_that_can_no_longer_be_read_stops_it_too(world: World) -> None:
    world.traffic("alpha", per_minute=600)
    operator = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    world.cloudwatch.unreadable.add(f"{world.environment.function_name('alpha')}-errors")
    world.run()
    (outcome,) = operator.result().functions
    assert "cannot be read" in outcome.reason
    assert_old_again(world)


def test_too_little_traffic_is_topped_up_with_smoke_events_and_said(world: World) -> None:
    outcome = release(world, "one")
    assert outcome.result == "released"
    first, second, *_ = outcome.looks
    assert (first.verdict, first.synthetic) == ("inconclusive", 0)
    assert second.verdict == "pass"
    assert second.synthetic >= 59, "an error rate of 5 % is ruled out with 95 % confidence by 59"
    assert "smoke events" in second.reason


def test_a_version_that_fails_the_smoke_events_of_the_top_up_is_stopped(world: World) -> None:
    def go_bad(call: Call) -> Fault | None:
        if call.operation == "UpdateAlias":
            world.push("one", smoke="error")
        return None

    world.passage.fault = go_bad
    outcome = release(world, "one")
    assert outcome.result == "put-back"
    assert outcome.looks[-1].verdict == "fail"
    assert_old_again(world)


def test_inconclusive_is_no_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.release.shift._MOST_SMOKE_EVENTS", 10)
    outcome = release(world, "one")
    assert (outcome.result, outcome.exit_code) == ("put-back", ExitCode.ROLLED_BACK)
    assert outcome.reason.startswith(
        f"version {outcome.version} of alpha was stopped: inconclusive"
    )
    assert_old_again(world)


def test_metrics_that_cannot_be_read_stop_it(world: World) -> None:
    world.passage.fault = lambda call: (
        Fault(error="InternalServiceFault") if call.operation == "GetMetricData" else None
    )
    outcome = release(world, "one")
    assert outcome.result == "put-back"
    assert_old_again(world)


def test_the_first_release_has_no_version_to_share_traffic_with() -> None:
    with World(["alpha"]) as world:
        outcome = release(world, "first")
        assert (outcome.result, shares(outcome)) == ("released", [1.0])


def test_all_at_once_with_a_bake_goes_back_on_an_alarm(world: World) -> None:
    options = Options(bake_seconds=120)
    operator = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], options))
    world.run(lambda: world.live("alpha").version != "1")
    alarm(world)
    world.run()
    (outcome,) = operator.result().functions
    assert (outcome.result, shares(outcome)) == ("put-back", [1.0, 0.0])
    assert_old_again(world)


def test_weights_that_no_release_made_are_told_and_ended(world: World) -> None:
    release(world, "one", Options())
    world.client("lambda").update_alias(
        FunctionName=world.environment.function_name("alpha"),
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"1": 0.2}},
    )
    world.simulation.advance(10)
    outcome = release(world, "one", Options())
    assert outcome.result == "released"
    assert any("shared traffic outside of a release (20% to 1)" in note for note in outcome.notes)
    assert not world.live("alpha").weights
