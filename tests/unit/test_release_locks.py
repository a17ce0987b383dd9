"""Two operators at once: one waits, is refused, or takes over from one who died."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fleet.errors import ExitCode
from fleet.release import lock as locks
from fleet.release import strategy
from fleet.release.heartbeat import HEARTBEAT_SECONDS
from fleet.release.lock import LEASE_SECONDS, Holder
from fleet.release.outcome import FunctionOutcome
from fleet.release.strategy import Options

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

CANARY = Options(*strategy.parse("canary"))


@pytest.fixture
def world() -> Any:
    with World(["alpha", "beta"], seed=2) as world:
        for tag in ("one", "two"):
            world.push(tag)
        world.do("ann", lambda tools: verbs.release(tools, "first"))
        yield world


def outcome(report: Any, function: str = "alpha") -> FunctionOutcome:
    (found,) = [o for o in report.functions if o.function == function]
    assert isinstance(found, FunctionOutcome)
    return found


def test_a_second_release_is_refused_with_who_holds_it_and_since_when(world: World) -> None:
    world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.simulation.advance(20)
    refused = outcome(world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"])))
    assert (refused.result, refused.exit_code) == ("refused", ExitCode.REFUSED)
    assert "is being released by ann since 2026-01-01T" in refused.reason
    assert "--wait" in refused.todo


def test_a_release_of_several_takes_all_locks_or_none(world: World) -> None:
    world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.simulation.advance(20)
    report = world.do("bob", lambda tools: verbs.release(tools, "two"))
    assert [o.exit_code for o in report.functions] == [ExitCode.REFUSED] * 2
    assert "another function of this release is locked" in outcome(report, "beta").reason
    free = world.do("carl", lambda tools: tools.locks.read("beta"))
    assert free.run_id == ""


def test_a_second_release_may_wait(world: World) -> None:
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"]))
    world.simulation.advance(1)
    waiting = Options(wait_seconds=120)
    report = world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"], waiting))
    assert outcome(report).result == "released"
    assert outcome(ann.result()).result == "released"
    assert world.live_digest("alpha") == world.registry.image("alpha", "two").digest
    assert world.history("alpha")[0].previous_version == world.history("alpha")[1].version


def test_what_needs_no_release_is_free_while_the_others_bake(world: World) -> None:
    world.do("ann", lambda tools: verbs.release(tools, "one", ["beta"]))
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", options=CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    report = world.do("bob", lambda tools: verbs.release(tools, "two", ["beta"]))
    assert outcome(report, "beta").result == "released"
    assert not ann.finished
    world.run()
    assert {o.function: o.result for o in ann.result().functions} == {
        "alpha": "released",
        "beta": "unchanged",
    }


def test_a_wait_that_is_too_short_ends_in_a_refusal(world: World) -> None:
    world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.simulation.advance(5)
    waiting = Options(wait_seconds=10)
    report = world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"], waiting))
    assert outcome(report).exit_code == ExitCode.REFUSED


def test_who_waits_for_one_function_keeps_the_others_meanwhile(world: World) -> None:
    bob = world.start("bob", lambda tools: verbs.release(tools, "one", ["beta"], CANARY))
    world.simulation.advance(1)
    began = world.now
    waiting = Options(wait_seconds=3600)
    report = world.do("ann", lambda tools: verbs.release(tools, "two", options=waiting))
    assert world.now - began > 2 * LEASE_SECONDS
    assert bob.result().exit_code == ExitCode.DONE
    assert {o.function: o.result for o in report.functions} == dict.fromkeys(
        ("alpha", "beta"), "released"
    )


def test_two_who_wait_for_each_other_s_functions_both_get_all_of_theirs(world: World) -> None:
    def crosswise(call: Call) -> Fault | None:
        first = {"ann": "beta", "bob": "alpha"}.get(call.operator)
        if call.operation == "GetItem" and call.number < 3:
            return Fault(before=0.5) if call.parameters["Key"]["function"]["S"] == first else None
        return None

    world.passage.fault = crosswise
    began, waiting = world.now, Options(wait_seconds=300)
    operators = [
        world.start(name, lambda tools, tag=tag: verbs.release(tools, tag, options=waiting))
        for name, tag in (("ann", "one"), ("bob", "two"))
    ]
    world.run()
    assert world.now - began < LEASE_SECONDS
    for operator in operators:
        results = [outcome.result for outcome in operator.result().functions]
        assert results == ["released", "released"]
    tags = {world.history(function)[0].tag for function in ("alpha", "beta")}
    assert len(tags) == 1, "the fleet is at one commit"


def test_who_waits_in_vain_frees_what_it_took(world: World) -> None:
    world.start("bob", lambda tools: verbs.release(tools, "one", ["beta"], CANARY))
    world.simulation.advance(5)
    waiting = Options(wait_seconds=10)
    report = world.do("ann", lambda tools: verbs.release(tools, "two", options=waiting))
    assert report.exit_code == ExitCode.REFUSED
    assert {o.function: o.reason.partition(" by ")[0] for o in report.functions} == {
        "alpha": "another function of this release is locked",
        "beta": "beta is being released",
    }
    again = world.do("carl", lambda tools: verbs.release(tools, "two", ["alpha"]))
    assert outcome(again).result == "released"


def test_a_heartbeat_keeps_a_long_release_s_lock(world: World) -> None:
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.simulation.advance(2 * LEASE_SECONDS)
    assert not ann.finished
    report = world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"]))
    assert outcome(report).exit_code == ExitCode.REFUSED
    world.run()
    assert outcome(ann.result()).result == "released"


def test_the_lease_of_one_who_died_runs_out(world: World) -> None:
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    ann.kill()
    refused = outcome(world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"])))
    assert refused.exit_code == ExitCode.REFUSED
    world.simulation.advance(LEASE_SECONDS)
    report = world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"]))
    assert outcome(report).result == "released"
    assert any("was killed" in note for note in outcome(report).notes)
    assert not world.live("alpha").weights
    assert [r.state for r in world.history("alpha")[:2]] == ["succeeded", "interrupted"]


def test_on_the_same_machine_a_dead_holder_is_seen_at_once() -> None:
    with World(["alpha"], sees_deaths=True) as world:
        world.push("one")
        world.do("ann", lambda tools: verbs.release(tools, "first"))
        ann = world.start("ann", lambda tools: verbs.release(tools, "one"))
        world.run(lambda: len(world.history("alpha")) > 1)
        ann.kill()
        report = world.do("bob", lambda tools: verbs.release(tools, "one"))
        assert outcome(report).result == "released"


def test_one_who_slept_through_the_lease_changes_nothing_any_more(world: World) -> None:
    slept = False

    def fall_asleep(call: Any) -> Fault | None:
        nonlocal slept
        if call.operator == "ann" and call.operation == "UpdateAlias" and not slept:
            slept = True
            return Fault(before=3 * LEASE_SECONDS)
        if call.operator == "ann" and slept and call.service == "dynamodb":
            return Fault(before=3 * LEASE_SECONDS)
        return None

    world.passage.fault = fall_asleep
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"]))
    world.run(lambda: slept)
    world.simulation.advance(LEASE_SECONDS + HEARTBEAT_SECONDS)
    report = world.do("bob", lambda tools: verbs.release(tools, "two", ["alpha"]))
    assert outcome(report).result == "released"
    world.run()
    assert outcome(ann.result()).result in {"stopped", "failed"}
    assert world.live_digest("alpha") == world.registry.image("alpha", "two").digest
    assert world.latest("alpha").digest == world.live_digest("alpha")


def silent(world: World, operations: set[str]) -> None:
    """DynamoDB answers some operations with errors from now on."""
    broken = Fault(error="InternalServerError")
    world.passage.fault = lambda call: broken if call.operation in operations else None


def test_a_lease_that_ran_out_while_the_table_was_silent_is_no_lost_lock(world: World) -> None:
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    silent(world, {"PutItem"})
    world.simulation.advance(LEASE_SECONDS + HEARTBEAT_SECONDS)
    world.passage.fault = lambda _: None
    world.run()
    assert outcome(ann.result()).result == "released"
    assert world.history("alpha")[0].state == "succeeded"


def test_a_table_that_stays_silent_needs_a_person_and_is_told_as_that(world: World) -> None:
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    silent(world, {"PutItem", "GetItem"})
    world.run()
    found = outcome(ann.result())
    assert (found.result, found.exit_code) == ("failed", ExitCode.NEEDS_PERSON)
    assert "does not say who may change alpha" in found.reason
    assert "fleet resume" in found.todo


def test_a_release_that_is_worse_goes_back_once_the_table_answers_again(world: World) -> None:
    """The alarm goes off while nobody can say whose lock it is."""
    ann = world.start("ann", lambda tools: verbs.release(tools, "one", ["alpha"], CANARY))
    world.run(lambda: bool(world.live("alpha").weights))
    name = f"{world.environment.function_name('alpha')}-errors"
    silent(world, {"PutItem"})
    world.simulation.advance(LEASE_SECONDS)
    world.cloudwatch.alarms[name].state = "ALARM"
    world.simulation.advance(HEARTBEAT_SECONDS)
    world.passage.fault = lambda _: None
    world.run()
    assert outcome(ann.result()).exit_code == ExitCode.ROLLED_BACK
    assert (world.live("alpha").version, world.live("alpha").weights) == ("1", {})


def test_many_leases_are_renewed_beside_each_other() -> None:
    names = [f"function-{number:02}" for number in range(40)]
    with World(names, seed=2) as world:
        world.push("one")
        world.do("ann", lambda tools: verbs.release(tools, "first"))
        ann = world.start("ann", lambda tools: verbs.release(tools, "one", options=CANARY))
        world.run(lambda: all(world.live(name).weights for name in names))
        # Forty in a row would take longer than a lease.
        slow = Fault(before=2.0)
        world.passage.fault = lambda call: slow if call.operation == "PutItem" else None
        world.simulation.advance(2 * LEASE_SECONDS)
        report = world.do("bob", lambda tools: verbs.release(tools, "first"))
        assert {o.exit_code for o in report.functions} == {ExitCode.REFUSED}
        world.run()
        assert {o.result for o in ann.result().functions} == {"released"}


def test_a_lock_s_token_only_grows(world: World) -> None:
    tokens = []
    for tag in ("one", "two", "first"):
        world.do("ann", lambda tools, tag=tag: verbs.release(tools, tag, ["alpha"]))
        tokens.append(world.do("bob", lambda tools: tools.locks.read("alpha")).token)
    assert tokens == sorted(set(tokens))


def test_a_process_is_known_by_its_boot_machine_number_and_start() -> None:
    mine = Holder.of_this_process("run").process
    assert not locks._is_dead(mine)
    assert not locks._is_dead(""), "an unknown process may live"
    boot, host, number, _ = mine.split("/")
    assert locks._is_dead(f"{boot}/{host}/{number}/1"), "the number was given to another process"
    assert not locks._is_dead(f"{boot}/elsewhere/{number}/1"), "another machine's is not known"


def test_a_process_that_ended_is_dead() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        started = locks._started(child.pid)
        parts = Holder.of_this_process("run").process.split("/")
        process = "/".join((*parts[:2], str(child.pid), started))
        assert not locks._is_dead(process)
        child.kill()
    assert locks._is_dead(process)
    assert not Path(f"/proc/{child.pid}").exists()


def test_the_actor_is_the_workflow_s_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    assert locks.actor() == "octocat"
    monkeypatch.delenv("GITHUB_ACTOR")
    monkeypatch.setitem(os.environ, "LOGNAME", "somebody")
    assert locks.actor() == "somebody"
