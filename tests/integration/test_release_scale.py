"""Five hundred functions under Lambda's request rate, in virtual time.

The bound: a release of one function cannot do without GetAlias (where `live` is, and the revision
that guards it), UpdateFunctionCode, PublishVersion and UpdateAlias. These four draw from the
account's 15 requests a second for the whole control plane. GetFunction has 100 a second of its
own and invocations have theirs, so polling and smoke events do not lengthen the bound; they do
count in the time, as everything does.
"""

from __future__ import annotations

import random
from collections import Counter

from fleet.release import strategy
from fleet.release.strategy import Options

from tests.kit.junit import Record
from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.rates import Bucket
from tests.kit.world.world import World

FUNCTIONS = tuple(f"function-{number:03}" for number in range(500))
CONTROL_RATE = 15
ALARM_RATE = 9.0
NEEDED = ("GetAlias", "UpdateFunctionCode", "PublishVersion", "UpdateAlias")
BOUND_SECONDS = len(FUNCTIONS) * len(NEEDED) / CONTROL_RATE


def released(world: World, tag: str) -> tuple[Counter[str], float]:
    """Release a tag of everything; the results, and the seconds it took."""
    world.push(tag)
    began = world.now
    report = world.do("ann", lambda tools: verbs.release(tools, tag))
    return Counter(outcome.result for outcome in report.functions), world.now - began


def test_five_hundred_functions_take_as_long_as_the_request_rate_makes_them(
    record_property: Record,
) -> None:
    random.seed(1)
    calls: Counter[str] = Counter()
    with World(FUNCTIONS, seed=1, latency=0.05) as world:
        released(world, "one")
        world.passage.fault = lambda call: calls.update([call.operation])
        results, seconds = released(world, "two")
        assert results == {"released": len(FUNCTIONS)}
        record_property("times_the_bound", round(seconds / BOUND_SECONDS, 3))
        assert seconds / BOUND_SECONDS <= 1.15
        assert {name: calls[name] for name in NEEDED} == dict.fromkeys(NEEDED, len(FUNCTIONS))
        assert calls["GetFunction"] > 4 * len(FUNCTIONS), "it did poll"
        assert world.lambda_.rates.control.refused == 0
        assert world.lambda_.rates.reads.refused == 0


def test_nothing_fails_when_others_use_half_of_the_rate() -> None:
    random.seed(2)
    with World(FUNCTIONS[:100], seed=2, latency=0.05) as world:
        released(world, "one")
        bucket = world.lambda_.rates.control

        def others() -> None:
            for _ in range(15):
                bucket.take(world.now)
            world.simulation.at(2.0, others)

        others()
        results, _ = released(world, "two")
        assert results == {"released": 100}
        assert bucket.refused > 0, "it was refused, and came back"


def test_nothing_fails_when_reads_draw_from_the_same_bucket() -> None:
    random.seed(3)
    with World(FUNCTIONS[:60], seed=3, latency=0.05) as world:
        released(world, "one")
        world.lambda_.rates.one_bucket = True
        results, _ = released(world, "two")
        assert results == {"released": 60}
        assert world.lambda_.rates.control.refused > 0


def test_a_function_that_is_refused_now_and_then_gets_through() -> None:
    left = Counter(dict.fromkeys(NEEDED, 3))

    def refuse(call: Call) -> Fault | None:
        if left[call.operation] > 0:
            left[call.operation] -= 1
            return Fault(error="TooManyRequestsException")
        return None

    random.seed(4)
    with World(FUNCTIONS[:20], seed=4) as world:
        released(world, "one")
        world.passage.fault = refuse
        results, _ = released(world, "two")
        assert results == {"released": 20}


def test_a_canary_of_many_is_not_stopped_by_its_own_questions_about_alarms() -> None:
    """DescribeAlarms has nine requests a second for an account."""
    random.seed(5)
    with World(FUNCTIONS[:120], seed=5, latency=0.05) as world:
        released(world, "one")
        bucket = Bucket(ALARM_RATE, ALARM_RATE)
        world.cloudwatch.describing = bucket
        world.push("two")
        canary = Options(*strategy.parse("canary"))
        report = world.do("ann", lambda tools: verbs.release(tools, "two", options=canary))
        assert Counter(outcome.result for outcome in report.functions) == {"released": 120}
        assert bucket.refused == 0


def test_an_alarm_is_heard_while_others_use_most_of_the_rate() -> None:
    random.seed(6)
    with World(FUNCTIONS[:20], seed=6, latency=0.05) as world:
        released(world, "one")
        bucket = Bucket(ALARM_RATE, ALARM_RATE)
        world.cloudwatch.describing = bucket

        def others() -> None:
            for _ in range(18):
                bucket.take(world.now)
            world.simulation.at(2.0, others)

        others()
        world.push("two")
        canary = Options(*strategy.parse("canary"))
        ann = world.start("ann", lambda tools: verbs.release(tools, "two", options=canary))
        world.run(lambda: all(world.live(name).weights for name in FUNCTIONS[:20]))
        name = world.environment.function_name(FUNCTIONS[7])
        world.cloudwatch.alarms[f"{name}-errors"].state = "ALARM"
        world.run(lambda: ann.finished)
        results = {outcome.function: outcome.result for outcome in ann.result().functions}
        assert results.pop(FUNCTIONS[7]) == "put-back"
        assert set(results.values()) == {"released"}
