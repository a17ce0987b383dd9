"""Runs of scheduled-digest that do not end in time, and the runs that go on from them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from standins.supabase import Fault

from tests.kit.digest import FUNCTION, World, lines, metrics, monitor

if TYPE_CHECKING:
    from typing import Any

DAILY = {"frequency": "daily"}


def fill(world: World, count: int) -> list[str]:
    rows = [monitor(UUID(int=n), f"acme/r{n:04}") for n in range(1, count + 1)]
    world.supabase.add_monitors(rows)
    return [row["repo"] for row in rows]


def slow(world: World, **settings: Any) -> None:
    """Ten digests in half a second, with the concurrency of these tests."""
    world.behave(default={"latency": 0.1}, **settings)


# With a call timeout of 0.3 s and a reserve of 0.6 s, digests are begun until 1.5 s before the end.
QUICK: dict[str, object] = {
    "DIGEST_CONCURRENCY": 2,
    "DIGEST_CALL_TIMEOUT": 0.3,
    "DIGEST_RESERVE": 0.6,
}


def test_a_chain_sends_each_digest_once_and_ends_each_run_in_time(world: World) -> None:
    repos = fill(world, 40)
    slow(world)

    with world.function(**QUICK) as function:
        events: list[dict[str, Any]] = [DAILY]
        answers = []
        while events:
            began = time.monotonic()
            answers.append(function(events.pop(), seconds=2.5))
            assert time.monotonic() - began < 2.5
            events = [taken["event"] for taken in world.successor.events]
            world.successor.events.clear()

    assert world.delivered() == repos
    assert [answer["continued"] for answer in answers] == [True] * (len(answers) - 1) + [False]
    assert len(answers) >= 3
    assert {answer["active"] for answer in answers} == {40}
    sent = [answer["succeeded"] for answer in answers]
    assert sent == sorted(sent)
    assert sent[-1] == 40


def test_the_next_run_is_invoked_as_the_contract_says(world: World) -> None:
    fill(world, 24)
    slow(world)

    with world.function(**QUICK) as function:
        answer = function(DAILY, seconds=2.5, request_id="first", alias="live")

    (taken,) = world.successor.events
    assert (taken["function"], taken["qualifier"]) == (FUNCTION, "live")
    assert taken["event"]["frequency"] == "daily"
    continuation = taken["event"]["continuation"]
    assert (continuation["root_request_id"], continuation["link"]) == ("first", 1)
    assert continuation["counts"]["succeeded"] == answer["succeeded"] > 0


def test_a_run_without_a_frequency_goes_on_without_one(world: World) -> None:
    fill(world, 24)
    world.supabase.add_monitors([monitor(UUID(int=99), "acme/weekly", frequency="weekly")])
    slow(world)

    with world.function(**QUICK) as function:
        answers = function.chain({}, seconds=2.5)

    assert len(answers) > 1
    assert answers[-1]["frequency"] == "both"
    assert len(world.delivered()) == 25


def test_totals_are_logged_once_and_metrics_are_each_runs_own(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(world, 24)
    slow(world)

    with world.function(**QUICK) as function:
        answers = function.chain(DAILY, seconds=2.5)

    output = capsys.readouterr().out
    log = lines(output)
    (complete,) = [line for line in log if line["event"] == "processing complete"]
    assert complete["succeeded"] == 24
    assert sum(line["event"] == "continued in another run" for line in log) == len(answers) - 1
    assert sum(line["event"] == "24 active monitors" for line in log) == 1
    assert metrics(output)["DigestsSucceeded"] == 24
    assert metrics(output)["DailyRunsCompleted"] == 1


def test_a_failed_purge_is_raised_by_the_last_run_only(world: World) -> None:
    repos = fill(world, 24)
    slow(world)
    world.supabase.faults = [Fault(method="DELETE", status=400)]

    with world.function(**QUICK) as function:
        first = function(DAILY, seconds=2.5)
        with pytest.raises(Exception, match="could not be purged"):
            while world.successor.events:
                function(world.successor.events.pop(0)["event"], seconds=2.5)

    assert (first["purged"], first["continued"]) == (None, True)
    assert world.delivered() == repos
    deletes = [r for r in world.supabase.requests if r["method"] == "DELETE"]
    assert len(deletes) == 1, "the purge is the first run's"


def test_quiet_asked_for_is_kept_by_the_next_run(world: World) -> None:
    repos = fill(world, 10)
    refused = {"kind": "rate_limited", "retry_after": 2}
    world.behave({"ordinals": [4], "behaviour": refused})

    with world.function(**QUICK) as function:
        first = function(DAILY, seconds=2.5)
        answers = function.chain(world.successor.events.pop()["event"], seconds=4.0)

    assert first["continued"]
    assert answers[-1]["succeeded"] == 10
    assert world.delivered() == repos
    times = [attempt["at"] for attempt in world.backend.attempts]
    outcomes = [attempt["outcome"] for attempt in world.backend.attempts]
    refusal = times[outcomes.index("rate_limited")]
    # Calls that were already on their way when the refusal came are not held.
    assert [t for t in times if refusal + 0.1 < t < refusal + 1.9] == []


def test_attempts_are_counted_over_runs(world: World) -> None:
    fill(world, 1)
    world.behave(default={"kind": "error", "status": 500})

    with world.function(**QUICK) as function:
        answers = function.chain(DAILY, seconds=2.0)

    assert len(answers) > 1
    assert (answers[-1]["failed"], answers[-1]["continued"]) == (1, False)
    assert len(world.backend.attempts) == 4


def test_a_monitor_deleted_between_two_runs_gets_no_digest(world: World) -> None:
    fill(world, 3)
    world.behave({"repo": "acme/r0002", "behaviour": {"kind": "error"}})
    with world.function(**QUICK) as function:
        first = function(DAILY, seconds=2.0)
        world.supabase.run("UPDATE monitors SET deleted = true WHERE repo = 'acme/r0002'")
        answers = function.chain(world.successor.events.pop()["event"], seconds=3.0)

    assert first["continued"]
    assert (answers[-1]["succeeded"], answers[-1]["skipped"]) == (2, 1)
    assert world.delivered() == ["acme/r0001", "acme/r0003"]


def test_no_room_for_work_is_an_error_and_not_an_endless_chain(world: World) -> None:
    fill(world, 3)

    with (
        world.function(**QUICK) as function,
        pytest.raises(Exception, match="raise the function's timeout or lower DIGEST_CALL_TIMEOUT"),
    ):
        function(DAILY, seconds=1.4)

    assert world.successor.events == []
    assert world.backend.attempts == []


def test_a_continuation_that_cannot_be_started_fails_the_run_and_its_repeat_goes_on(
    world: World,
) -> None:
    repos = fill(world, 30)
    slow(world)
    world.successor.refuse = 403
    with world.function(**QUICK) as function:
        with pytest.raises(Exception, match="starting the next run failed: AccessDeniedException"):
            function(DAILY, seconds=2.5, request_id="same")
        world.successor.refuse = None
        answers = [function(DAILY, seconds=2.5, request_id="same")]
        while world.successor.events:
            answers += function.chain(world.successor.events.pop()["event"], seconds=2.5)

    assert not answers[-1]["continued"]
    assert world.delivered() == repos


def test_a_continuation_delivered_twice_is_worked_on_once(world: World) -> None:
    repos = fill(world, 24)
    slow(world)
    with world.function(**QUICK) as function:
        function(DAILY, seconds=2.5)
        event = world.successor.events.pop()["event"]
        answers = function.chain(event, seconds=2.5)
        sent, pages = len(world.backend.attempts), len(world.supabase.requests)
        copy = function(event, seconds=2.5)

    assert not answers[-1]["continued"]
    assert copy["continued"], "it leaves the work to the other"
    assert (len(world.backend.attempts), len(world.supabase.requests)) == (sent, pages)
    assert world.successor.events == []
    assert world.delivered() == repos


def test_a_run_that_is_repeated_after_it_handed_over_does_nothing(world: World) -> None:
    fill(world, 24)
    slow(world)
    with world.function(**QUICK) as function:
        function(DAILY, seconds=2.5, request_id="first")
        function.chain(world.successor.events.pop()["event"], seconds=2.5)
        sent = len(world.backend.attempts)
        repeated = function(DAILY, seconds=2.5, request_id="first")

    assert repeated["continued"]
    assert len(world.backend.attempts) == sent
    assert len(world.backend.deliveries) == 24
    assert world.successor.events == []


def test_a_chain_keeps_its_day(world: World) -> None:
    fill(world, 24)
    slow(world)
    with world.function(**QUICK) as function:
        function(DAILY, seconds=2.5)
        event = world.successor.events.pop()["event"]
        event["continuation"]["day"] = "2026-03-01"
        function.chain(event, seconds=2.5)

    days = [key.partition(":")[2] for key in world.sent_keys()]
    assert days[-1] == "2026-03-01"


def test_a_long_list_of_leftovers_is_read_in_parts(world: World) -> None:
    repos = fill(world, 250)
    deferred = [{"id": str(UUID(int=n)), "attempts": 0} for n in range(1, 251)]
    continuation = {
        "root_request_id": "root",
        "link": 1,
        "day": "2026-03-01",
        "after": str(UUID(int=250)),
        "deferred": deferred,
        "counts": {"active": 250},
        "purged": 0,
        "not_before": 0,
    }

    with world.function() as function:
        answer = function(DAILY | {"continuation": continuation})

    assert (answer["active"], answer["succeeded"]) == (250, 250)
    assert world.delivered() == repos
