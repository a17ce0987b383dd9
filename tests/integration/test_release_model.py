"""Two operators, and everything that can go wrong between them and AWS.

Whatever happens, `live` never points at a version that has not passed its smoke event, no weights
outlive a rollback, and after `fleet resume` or the next release every function is wholly old or
wholly new, as the history says.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from functools import partial

import pytest
from fleet.errors import ExitCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit.junit import Record
from tests.kit.world import behind, invariants, verbs
from tests.kit.world.faults import Fault
from tests.kit.world.schedules import Act, Command, Place, Play, Schedule, recover
from tests.kit.world.world import World

GOOD = ("one", "two", "three")
SEQUENCES = 2_000
ERRORS = (
    "TooManyRequestsException",
    "ServiceException",
    "ResourceConflictException",
    "AccessDeniedException",
)
SLEEPS = (Fault(stall=70.0), Fault(stall=70.0, kill="after"))
ACTS: tuple[Act, ...] = (
    "release", "release", "release", "canary", "canary", "rollback", "rollback", "rollback",
    "resume", "resume", "configure", "apply", "delete", "idle",
)  # fmt: skip
WRITES = (
    "UpdateAlias", "UpdateAlias", "UpdateFunctionCode", "PublishVersion", "Invoke", "PutItem",
    "TransactWriteItems",
)  # fmt: skip
KILLS = (Fault(kill="before"), Fault(kill="after"), Fault(kill="before", late=3.0))


@pytest.fixture(scope="module", autouse=True)
def some_calls_are_held_against_the_model() -> Iterator[None]:
    """Other tests hold all of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(behind.Sample, "every", 25)
        yield


def make_world(functions: tuple[str, ...] = ("alpha",), *, sees_deaths: bool = False) -> World:
    world = World(functions, sees_deaths=sees_deaths)
    for tag in GOOD:
        world.push(tag)
    world.push("broken", smoke="error")
    world.push("worse", error_rate=0.3)
    return world


# A process that is killed at every call of AWS there is, and what comes after it.

VICTIMS = {
    "first release": ((), Command("release", "one")),
    "release": (("one",), Command("release", "two")),
    "release that fails": (("one",), Command("release", "broken")),
    "canary": (("one",), Command("canary", "two")),
    "rollback": (("one", "two"), Command("rollback")),
}
# What others do when the first operator stands still.
MEANWHILE = {
    "rollback": (Command("rollback"),),
    "release of something else": (Command("release", "three", wait=100.0),),
    "release of what is live": (Command("release", "one", wait=100.0),),
    "resume": (Command("resume", wait=100.0),),
    "resume without the image": (Command("delete", "two"), Command("resume", wait=100.0)),
    "apply": (Command("configure"), Command("apply", wait=100.0)),
}
RECOVERIES: tuple[tuple[Act, str], ...] = (
    ("resume", ""),
    ("release", "two"),
    ("release", "three"),
    ("rollback", ""),
)


def calls_of(victim: str) -> int:
    before, command = VICTIMS[victim]
    with make_world() as world:
        play = Play(world, Schedule([command], {}, before))
        play.run()
        return play.operators[0].calls


@pytest.mark.parametrize("sees_deaths", [False, True], ids=["lease runs out", "death is seen"])
@pytest.mark.parametrize("recovery", RECOVERIES, ids=lambda each: " ".join(each).strip())
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_process_killed_at_any_call_leaves_nothing_half_done(
    victim: str, recovery: tuple[Act, str], sees_deaths: bool
) -> None:
    before, command = VICTIMS[victim]
    for number, fault in itertools.product(range(calls_of(victim)), KILLS):
        with make_world(sees_deaths=sees_deaths) as world:
            play = Play(world, Schedule([command], {(0, number): fault}, before))
            play.run()
            assert play.operators[0].killed
            put_right(world, recovery)


@pytest.mark.parametrize("fault", SLEEPS, ids=["", "killed"])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("victim", ["release", "canary", "rollback"])
def test_a_process_that_slept_at_any_call_finds_itself_replaced(
    victim: str, meanwhile: str, fault: Fault
) -> None:
    before, command = VICTIMS[victim]
    for number in range(calls_of(victim)):
        with make_world() as world:
            played = [command, *MEANWHILE[meanwhile]]
            play = Play(world, Schedule(played, {(0, number): fault}, before))
            play.run()
            invariants.check_outcomes(play.operators)
            put_right(world, ("resume", ""))


def put_right(world: World, recovery: tuple[Act, str]) -> None:
    """Recover, and hold the world against what must be true of it."""
    invariants.check_always(world)
    report = recover(world, *recovery)
    if recovery[0] == "rollback" or (report and report.exit_code):
        recover(world, "resume")
    if not all(world.live_image_exists(function) for function in world.project.functions):
        # $LATEST cannot be given the old image again: only a release helps.
        world.push("rescue")
        recover(world, "release", "rescue")
    invariants.check_always(world)
    invariants.check_settled(world)


# Any two operators.


@st.composite
def commands(draw: st.DrawFn, functions: tuple[str, ...]) -> Command:
    act: Act = draw(st.sampled_from(ACTS))
    tags = (*GOOD, "broken", "worse") if act in {"release", "canary"} else GOOD
    return Command(
        act,
        draw(st.sampled_from(("", "", *GOOD) if act == "rollback" else tags)),
        draw(st.sampled_from([functions, functions, functions[:1]])),
        delay=draw(st.sampled_from([None, 0.0, 0.5, 3.0, 10.0, 100.0])),
        cancel=draw(st.sampled_from([0.0, 0.0, 0.0, 2.0, 30.0])),
        wait=draw(st.sampled_from([0.0, 30.0, 300.0])),
        fix_forward=draw(st.booleans()),
    )


FAULTS = (
    *KILLS,
    *KILLS,
    Fault(lost="after"),
    Fault(lost="before"),
    Fault(lost="before", late=3.0),
    *(Fault(error=error) for error in ERRORS),
    Fault(before=5.0),
    Fault(after=5.0),
    # Longer than a lease: whoever goes on then has lost its locks meanwhile.
    *(Fault(stall=70.0),) * 3,
    Fault(stall=70.0, before=20.0),
)


@st.composite
def faults(draw: st.DrawFn, commands: int) -> dict[Place, Fault]:
    """Faults of the calls of some commands; what fails once may fail again at once."""
    found: dict[Place, Fault] = {}
    for _ in range(draw(st.integers(1, 4))):
        command, fault = draw(st.integers(0, commands - 1)), draw(st.sampled_from(FAULTS))
        if draw(st.booleans()):
            operation, nth = draw(st.sampled_from(WRITES)), draw(st.sampled_from([0, 0, 1, 2]))
            found[command, operation, nth] = fault
            continue
        number = draw(st.one_of(st.integers(0, 40), st.integers(0, 150)))
        often = draw(st.sampled_from([1, 1, 3, 15])) if fault.error or fault.lost else 1
        found |= {(command, number + next_one): fault for next_one in range(often)}
    return found


@st.composite
def schedules(draw: st.DrawFn, functions: tuple[str, ...]) -> Schedule:
    played = draw(st.lists(commands(functions), min_size=2, max_size=5))
    return Schedule(
        played,
        draw(faults(len(played))),
        draw(st.sampled_from([(), ("one",), ("one", "two"), ("one", "two"), GOOD])),
        seed=draw(st.integers(0, 1000)),
        stale=draw(st.booleans()),
        reorder=draw(st.booleans()),
        failing=draw(st.sampled_from([(0, 0), (0, 0), (0, 0), (1, 0), (0, 1), (2, 1)])),
        late_refusal=draw(st.booleans()),
    )


def test_any_two_operators_leave_every_function_wholly_old_or_wholly_new(
    record_property: Record,
) -> None:
    played = itertools.count()

    @settings(
        max_examples=SEQUENCES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def all_of_them(data: st.DataObject) -> None:
        two_operators(data)
        next(played)

    all_of_them()
    sequences = next(played)
    record_property("sequences", sequences)
    assert sequences >= SEQUENCES


def two_operators(data: st.DataObject) -> None:
    """Let them do what was drawn, put it right, and look at what is left."""
    functions = data.draw(st.sampled_from([("alpha",), ("alpha", "beta")]))
    schedule = data.draw(schedules(functions))
    recovery = data.draw(st.sampled_from(RECOVERIES))
    random.seed(schedule.seed)
    with make_world(functions, sees_deaths=data.draw(st.booleans())) as world:
        if data.draw(st.booleans()):
            for function in functions:
                world.traffic(function, 600)
        play = Play(world, schedule)
        play.run()
        invariants.check_outcomes(play.operators)
        put_right(world, recovery)


def test_one_who_slept_is_taken_over_by_one_who_sleeps_while_reads_are_old() -> None:
    worse = Command("release", "worse", delay=10.0, wait=300.0)
    sleeps: dict[Place, Fault] = {
        (0, "UpdateAlias", 0): Fault(stall=70.0, before=20.0),
        (1, "UpdateAlias", 0): Fault(stall=70.0),
    }
    for seed in range(100):
        with make_world() as world:
            Play(world, Schedule([worse, worse], sleeps, ("one",), seed=seed, stale=True)).run()
            put_right(world, ("resume", ""))


def test_a_release_right_after_another_is_not_misled_by_old_reads() -> None:
    with make_world() as world:
        world.passage.fault = lambda call: None if call.writes else Fault(stale=4.0)
        for tag in ("one", "two", "one", "one"):
            report = world.do("ann", partial(verbs.release, tag=tag))
            assert report.exit_code is ExitCode.DONE
            assert world.live_digest("alpha") == world.registry.image("alpha", tag).digest
