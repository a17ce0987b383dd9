"""Migrations run before the functions that need them, and stop those and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest
from fleet.errors import ExitCode
from fleet.release import strategy
from fleet.release.outcome import FunctionOutcome, Report
from fleet.release.strategy import Options

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

# `store` and `report` need what `migrate` makes; `other` needs nothing.
FUNCTIONS = ("migrate", "other", "report", "store")
IMAGES = {
    "migrate": {"runs": "upgrade"},
    "store": {"after": ["migrate"]},
    "report": {"after": ["migrate"]},
}


class Calls:
    """What an operator asked Lambda to do, in order: (operation, function, version, action)."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str, str]] = []

    def __call__(self, call: Call) -> Fault | None:
        given = call.parameters
        if call.service == "lambda" and (call.writes or call.operation == "Invoke"):
            event = json.loads(given.get("Payload") or b"{}")
            name = given["FunctionName"].rpartition("-")[2]
            action = event.get("action", "")
            self.made.append((call.operation, name, given.get("Qualifier", ""), action))
        return None

    def upgrades(self) -> list[tuple[str, str]]:
        """The version or alias that each upgrade was sent to, with its place in the order."""
        return [(made[1], made[2]) for made in self.made if made[3] == "upgrade"]

    def index(self, operation: str, name: str, action: str = "") -> int:
        return next(
            i for i, m in enumerate(self.made) if (m[0], m[1], m[3]) == (operation, name, action)
        )


@pytest.fixture
def world() -> Iterator[World]:
    with World(FUNCTIONS, seed=1) as world:
        world.project.images.update(IMAGES)
        assert release(world, "first").exit_code == ExitCode.DONE
        world.push("one")
        yield world


@pytest.fixture
def calls(world: World) -> Calls:
    calls = Calls()
    world.passage.fault = calls
    return calls


def release(world: World, tag: str, *functions: str, options: Options | None = None) -> Report:
    return world.do("ann", lambda tools: verbs.release(tools, tag, functions, options))


def outcomes(report: Report) -> dict[str, FunctionOutcome]:
    return {outcome.function: outcome for outcome in report.functions}


def results(report: Report) -> dict[str, str]:
    return {outcome.function: outcome.result for outcome in report.functions}


def test_a_migration_runs_on_the_new_version_before_anything_that_needs_it_changes(
    world: World, calls: Calls
) -> None:
    report = release(world, "one")
    assert set(results(report).values()) == {"released"}
    version = outcomes(report)["migrate"].version
    assert calls.upgrades() == [("migrate", version)]
    upgraded = calls.index("Invoke", "migrate", "upgrade")
    assert upgraded < calls.index("UpdateAlias", "migrate")
    for needing in ("store", "report"):
        assert calls.index("UpdateAlias", "migrate") < calls.index("UpdateFunctionCode", needing)
    steps = [step.name for step in outcomes(report)["migrate"].steps]
    assert steps == ["preflight", "update", "publish", "smoke", "upgrade", "shift"]


def test_a_function_that_needs_nothing_does_not_wait(world: World, calls: Calls) -> None:
    release(world, "one")
    assert calls.index("UpdateFunctionCode", "other") < calls.index("UpdateAlias", "migrate")


def test_a_migration_that_is_not_part_of_the_release_runs_on_live_once(
    world: World, calls: Calls
) -> None:
    report = release(world, "one", "report", "store")
    assert results(report) == {"report": "released", "store": "released"}
    assert calls.upgrades() == [("migrate", "live")]


def test_an_unchanged_migration_runs_all_the_same(world: World, calls: Calls) -> None:
    release(world, "one", "migrate")
    calls.made.clear()
    report = release(world, "one")
    assert results(report)["migrate"] == "unchanged"
    assert calls.upgrades() == [("migrate", "live")]


def test_nothing_runs_when_nothing_that_needs_it_changes(world: World, calls: Calls) -> None:
    release(world, "one", "other")
    release(world, "first", "store", "report")
    assert calls.upgrades() == []


def test_a_failed_migration_is_put_back_and_stops_those_that_need_it_and_no_others(
    world: World, calls: Calls
) -> None:
    before = {name: world.live(name).version for name in FUNCTIONS}
    world.push("bad", "migrate", failing_action="upgrade")
    world.push("bad", "other", "report", "store")
    report = release(world, "bad")
    assert results(report) == {
        "migrate": "put-back", "other": "released", "report": "refused", "store": "refused",
    }  # fmt: skip
    assert report.exit_code == ExitCode.ROLLED_BACK
    failed = outcomes(report)
    assert "failed its upgrade event" in failed["migrate"].reason
    assert "no such table" in failed["store"].reason
    assert failed["store"].exit_code == ExitCode.PREFLIGHT
    for name in ("migrate", "report", "store"):
        assert world.live(name).version == before[name]
    assert ("UpdateFunctionCode", "store", "", "") not in calls.made
    assert world.history("migrate")[0].state == "failed"
    assert "no such table" in world.history("migrate")[0].reason
    assert world.latest("migrate").digest == world.live_digest("migrate")


def test_a_migration_that_fails_on_live_stops_those_that_need_it(
    world: World, calls: Calls
) -> None:
    world.images.behaviours[world.live_digest("migrate")].failing_action = "upgrade"
    report = release(world, "one", "store", "other")
    assert results(report) == {"store": "refused", "other": "released"}
    assert report.exit_code == ExitCode.PREFLIGHT
    assert "failed its upgrade event" in outcomes(report)["store"].reason
    assert ("UpdateFunctionCode", "store", "", "") not in calls.made


def test_a_migration_that_does_not_answer_stops_those_that_need_it(world: World) -> None:
    def fault(call: Call) -> Fault | None:
        if call.operation == "Invoke" and b"upgrade" in call.parameters["Payload"]:
            return Fault(error="ServiceException")
        return None

    world.passage.fault = fault
    report = release(world, "one", "store")
    assert results(report) == {"store": "refused"}
    assert "did not answer" in outcomes(report)["store"].reason


def test_a_migration_that_was_never_released_is_asked_for() -> None:
    with World(("migrate", "store"), seed=1) as world:
        world.project.images.update(IMAGES)
        report = release(world, "first", "store")
        assert results(report) == {"store": "refused"}
        assert "never released" in outcomes(report)["store"].reason
        assert results(release(world, "first")) == {"migrate": "released", "store": "released"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_the_migration_runs_the_next_release_goes_on(world: World, when: str) -> None:
    def fault(call: Call) -> Fault | None:
        if call.operation == "Invoke" and b"upgrade" in call.parameters["Payload"]:
            return Fault(kill=when)  # type: ignore[arg-type]
        return None

    before = world.live("migrate").version
    world.passage.fault = fault
    killed = world.start("ann", lambda tools: verbs.release(tools, "one"))
    world.run()
    assert killed.killed
    assert world.live("migrate").version == before
    assert world.live("store").version == "1"
    world.passage.fault = lambda _: None
    world.simulation.advance(120)
    report = world.do("bob", verbs.resume)
    assert results(report)["migrate"] == "released"
    assert set(results(release(world, "one")).values()) <= {"released", "unchanged"}
    assert world.recorder.violations == []
    for name in ("migrate", "other", "report", "store"):
        assert world.live_digest(name) == world.registry.image(name, "one").digest


def die_updating(world: World, options: dict[str, Options], tag: str) -> None:
    """Each function's release begins with options of its own, and its process dies."""

    def die(call: Call) -> Fault | None:
        return Fault(kill="after") if call.operation == "UpdateFunctionCode" else None

    world.passage.fault = die
    for name, chosen in options.items():
        release = partial(verbs.release, tag=tag, functions=[name], options=chosen)
        world.start(f"ann-{name}", release)
        world.run()
    world.simulation.advance(120)


def test_killed_releases_are_resumed_in_the_order_of_what_they_come_after() -> None:
    canary = Options(*strategy.parse("canary"))
    with World(("early", "migrate"), seed=1) as world:
        world.project.images.update(
            {"migrate": {"runs": "upgrade"}, "early": {"after": ["migrate"]}}
        )
        assert release(world, "first").exit_code == ExitCode.DONE
        world.push("one")
        die_updating(world, {"early": Options(), "migrate": canary}, "one")
        world.passage.fault = calls = Calls()
        report = world.do("bob", verbs.resume)
        assert results(report) == {"migrate": "released", "early": "released"}
        assert calls.index("UpdateAlias", "migrate") < calls.index("UpdateFunctionCode", "early")


def test_a_migration_that_fails_when_it_is_resumed_stops_what_is_resumed_after_it(
    world: World, calls: Calls
) -> None:
    world.push("bad", "migrate", failing_action="upgrade")
    world.push("bad", "store")
    before = world.live("store").version
    canary = Options(*strategy.parse("canary"))
    die_updating(world, {"store": Options(), "migrate": canary}, "bad")
    world.passage.fault = calls
    report = world.do("bob", verbs.resume)
    assert results(report) == {"migrate": "put-back", "store": "put-back"}
    assert "comes after migrate" in outcomes(report)["store"].reason
    assert world.live("store").version == before
    assert world.latest("store").digest == world.live_digest("store")


def test_a_rollback_runs_no_migration(world: World, calls: Calls) -> None:
    release(world, "one")
    calls.made.clear()
    report = world.do("ann", verbs.roll_back)
    assert set(results(report).values()) == {"rolled-back"}
    assert calls.upgrades() == []


def test_a_dry_run_says_what_would_run_and_runs_nothing(world: World, calls: Calls) -> None:
    report = release(world, "one", options=Options(dry_run=True))
    assert set(results(report).values()) == {"planned"}
    assert calls.made == []
    assert any("its upgrade event" in note for note in outcomes(report)["migrate"].notes)
    assert any("migrate and its upgrade" in note for note in outcomes(report)["store"].notes)
    assert outcomes(report)["other"].notes == []
