"""A digest for each monitor and day, and never two: repeated, killed and simultaneous runs."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

from scheduled_digest import pace

from tests.kit.digest import World, monitor
from tests.kit.process import until

if TYPE_CHECKING:
    from typing import Any

DAILY = {"frequency": "daily"}


def fill(world: World, count: int, first: int = 1, **columns: Any) -> None:
    numbers = range(first, first + count)
    world.supabase.add_monitors([monitor(UUID(int=n), f"acme/r{n:04}", **columns) for n in numbers])


def test_a_repeated_run_sends_nothing(world: World) -> None:
    fill(world, 20)

    with world.function(DIGEST_CALL_TIMEOUT=3) as function:
        function(DAILY, request_id="same")
        repeated = function(DAILY, request_id="same")
        another = function(DAILY)

    assert len(world.backend.attempts) == 20
    assert [(a["succeeded"], a["skipped"]) for a in (repeated, another)] == [(0, 20), (0, 20)]


def test_a_repeated_run_sends_what_had_failed(world: World) -> None:
    fill(world, 5)
    world.behave({"repo": "acme/r0002", "times": 1, "behaviour": {"kind": "error", "status": 404}})

    with world.function() as function:
        first = function(DAILY, request_id="same")
        repeated = function(DAILY, request_id="same")

    assert (first["succeeded"], first["failed"]) == (4, 1)
    assert (repeated["succeeded"], repeated["skipped"]) == (1, 4)


def test_another_frequencys_run_on_the_same_day_does_not_double(world: World) -> None:
    fill(world, 5)
    fill(world, 5, first=6, frequency="weekly")

    with world.function() as function:
        function(DAILY)
        both = function({})

    assert (both["active"], both["succeeded"], both["skipped"]) == (10, 5, 5)
    assert set(Counter(world.sent_keys()).values()) == {1}


def test_a_run_killed_in_the_middle_and_repeated_sends_each_digest_once(world: World) -> None:
    fill(world, 120)
    world.behave(default={"latency": 0.03})

    with world.process() as process:
        process.send(DAILY, request_id="same")
        until(lambda: len(world.backend.deliveries) >= 40)
        process.child.kill()
        process.child.wait()
    begun = len(world.backend.attempts)
    with world.function() as function:
        # Somebody else's run: what the dead run holds is not free yet.
        stranger = function(DAILY, request_id="stranger")
        repeated = function(DAILY, request_id="same")

    assert 40 <= begun < 120
    assert set(Counter(world.sent_keys()).values()) == {1}
    assert len(world.sent_keys()) == 120
    assert stranger["succeeded"] >= 120 - begun - 10
    # Only what was in flight when it died is asked for again, under the same key.
    assert 0 <= world.backend.repeats <= 10
    assert stranger["succeeded"] + repeated["succeeded"] + repeated["skipped"] >= 120


def test_a_backend_that_ignores_keys_may_see_only_lost_answers_twice(world: World) -> None:
    fill(world, 30)
    rule = {"times": 1, "behaviour": {"kind": "drop_after"}}
    world.behave(rule | {"monitor": str(UUID(int=7))}, idempotency=False)

    with world.function() as function:
        answer = function(DAILY)

    assert answer["succeeded"] == 30
    twice = [key for key, count in Counter(world.sent_keys()).items() if count > 1]
    assert [key.partition(":")[0] for key in twice] == [str(UUID(int=7))]


def arrivals_keep(world: World, per_minute: int, began: float) -> None:
    """Assert that the calls came no faster than the limit, from the beginning and anywhere."""
    times = sorted(attempt["at"] for attempt in world.backend.attempts)
    step = pace.spacing(per_minute) / 1000
    late = [at - (began + n * step) for n, at in enumerate(times)]
    # Slots are whole milliseconds, and none lies before the runs began.
    assert min(late) > -0.002, "a call came before its slot"
    in_a_second = max(
        sum(1 for _ in itertools.takewhile(lambda at, first=first: at < first + 1, times[n:]))  # type: ignore[misc]
        for n, first in enumerate(times)
    )
    assert in_a_second <= (1 + pace.SLACK / 1000) / step + 1


def test_two_runs_at_once_hold_the_rate_together(world: World) -> None:
    fill(world, 60)
    fill(world, 60, first=100, frequency="weekly")
    world.behave({"probability": 0.2, "times": 1, "behaviour": {"kind": "error", "status": 500}})

    changes = {"DIGEST_RATE_PER_MINUTE": 1800}
    with world.process(**changes) as daily, world.process(**changes) as weekly:
        began = time.time()
        daily.send(DAILY)
        weekly.send({"frequency": "weekly"})
        answers = [daily.answer(0)["result"], weekly.answer(0)["result"]]

    assert [answer["succeeded"] for answer in answers] == [60, 60]
    assert len(world.backend.attempts) > 130, "retries take their turn too"
    arrivals_keep(world, 1800, began)


def test_two_runs_of_the_same_at_once_share_the_work(world: World) -> None:
    fill(world, 80)
    world.behave(default={"latency": 0.02})

    patient = {"DIGEST_CALL_TIMEOUT": 3}
    with world.process(**patient) as one, world.process(**patient) as other:
        one.send(DAILY)
        other.send(DAILY)
        answers = [one.answer(0)["result"], other.answer(0)["result"]]

    assert sum(answer["succeeded"] for answer in answers) == 80
    assert sum(answer["skipped"] for answer in answers) == 80
    assert len(world.backend.attempts) == 80


def test_the_rate_is_held_over_a_chain(world: World) -> None:
    fill(world, 60)

    with world.function(DIGEST_RATE_PER_MINUTE=1200) as function:
        began = time.time()
        answers = function.chain(DAILY, seconds=4.0)

    assert len(answers) > 1
    assert answers[-1]["succeeded"] == 60
    arrivals_keep(world, 1200, began)
