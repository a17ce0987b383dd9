"""What operators do in a world, one after the other and beside each other, and what happens."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from botocore.exceptions import ClientError
from fleet.release import strategy
from fleet.release.outcome import Report
from fleet.release.strategy import Options
from fleet.release.target import Wish
from fleet.release.tools import Tools

from tests.kit.world import verbs
from tests.kit.world.clock import Operator
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World

# More than a lease, the longest in-flight call and the oldest read.
_A_WHILE = 90.0
_MOST_STALE = 4.0

type Act = Literal[
    "release", "canary", "rollback", "resume", "configure", "apply", "delete", "idle"
]


type Place = tuple[int, int] | tuple[int, str, int]


@dataclass(frozen=True)
class Command:
    """Something that somebody does.

    Attributes:
        tag: of the image to release, to roll back to (empty for the release before) or to delete.
        functions: which; empty for all.
        delay: seconds after the command before it has begun; None for when everybody has ended,
            or stands still.
        cancel: seconds until Ctrl-C; 0 for never.
        wait: how long to wait for a lock.
    """

    act: Act
    tag: str = ""
    functions: tuple[str, ...] = ()
    delay: float | None = None
    cancel: float = 0.0
    wait: float = 0.0
    fix_forward: bool = False


@dataclass(frozen=True)
class Schedule:
    """Commands, and the faults of their calls.

    A call is named by its command's number and its own, or its operation and which of these
    it is: (2, 17) or (2, "UpdateAlias", 0).

    Attributes:
        setup: tags that were released well before.
        stale: whether reads may answer with what was true up to four seconds ago.
        reorder: whether calls that are under way at once take effect in any order.
        failing: how many of the first updates and publications fail in Lambda.
    """

    commands: Sequence[Command]
    faults: Mapping[Place, Fault]
    setup: Sequence[str] = ()
    seed: int = 0
    stale: bool = False
    reorder: bool = False
    failing: tuple[int, int] = (0, 0)
    late_refusal: bool = False


class Play:
    """Runs a schedule in a world."""

    def __init__(self, world: World, schedule: Schedule) -> None:
        self.world, self.schedule = world, schedule
        self.random = random.Random(schedule.seed)
        self.operators: list[Operator] = []
        self.numbers: dict[str, int] = {}
        self.seen: Counter[tuple[int, str]] = Counter()

    def run(self) -> None:
        """Everything that the schedule says, until all have ended or died."""
        for tag in self.schedule.setup:
            self.world.do("setup", partial(verbs.release, tag=tag))
        self.world.passage.fault = self._fault
        timing = self.world.lambda_.timing
        timing.failing_updates, timing.failing_publishes = self.schedule.failing
        timing.late_refusal = self.schedule.late_refusal
        for number, command in enumerate(self.schedule.commands):
            if command.delay is None:
                self.world.run(self._all_rest)
                self.world.simulation.advance(1.0)
            else:
                self.world.simulation.advance(command.delay)
            self._begin(number, command)
        self.world.run()

    def _all_rest(self) -> bool:
        now = self.world.now
        return all(each.finished or each.stalled_until > now for each in self.operators)

    def _begin(self, number: int, command: Command) -> None:
        if command.act == "delete":
            for function in command.functions or self.world.project.functions:
                self.world.registry.delete(function, command.tag)
            return
        if command.act == "idle":
            self._idle(command)
            return
        name = f"{command.act}-{number}"
        self.numbers[name] = number
        operator = self.world.start(name, lambda tools: perform(tools, command))
        self.operators.append(operator)
        if command.cancel and command.act != "configure":
            self.world.simulation.at(command.cancel, operator.cancel)

    def _idle(self, command: Command) -> None:
        for function in command.functions or self.world.project.functions:
            found = self.world.function(function)
            for number, version in found.versions.items():
                if number != "$LATEST" and version.state == "Active":
                    self.world.lambda_.put_to_sleep(found.name, number)

    def _fault(self, call: Call) -> Fault | None:
        command = self.numbers.get(call.operator, -1)
        self.seen[command, call.operation] += 1
        nth = self.seen[command, call.operation] - 1
        faults = self.schedule.faults
        fault = faults.get((command, call.number)) or faults.get((command, call.operation, nth))
        if fault:
            return fault
        slow = self.random.choice((0.0, 0.0, 0.1, 1.0)) if self.schedule.reorder else 0.0
        stale = 0.0
        if self.schedule.stale and not call.writes:
            stale = self.random.choice((0.0, 0.0, 0.0, self.random.uniform(0, _MOST_STALE)))
        return Fault(before=slow, stale=stale) if slow or stale else None


def perform(tools: Tools, command: Command) -> Report | None:
    """Do one command as an operator."""
    functions = command.functions or tools.project.functions
    if command.act in {"release", "canary"}:
        return verbs.release(tools, command.tag, functions, _options(command))
    if command.act == "rollback":
        return verbs.roll_back(tools, functions, Wish(tag=command.tag))
    if command.act == "resume":
        return verbs.resume(tools, functions, command.wait)
    if command.act == "configure":
        for function in functions:
            configure(tools, function, len(command.tag) + 128)
        return None
    return verbs.apply(tools, functions, _options(command))


def configure(tools: Tools, function: str, memory: int) -> None:
    """Change a function as Terraform does, which knows nothing of locks, and waits for Lambda."""
    name = tools.environment.function_name(function)
    for _ in range(60):
        try:
            tools.api.call("update_function_configuration", FunctionName=name, MemorySize=memory)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceConflictException":
                raise
            tools.runner.sleep(1.0)
        else:
            return


def recover(world: World, act: Act, tag: str = "") -> Report | None:
    """What puts things right at the end, when nothing goes wrong any more."""
    world.run()
    world.passage.fault = lambda _: None
    world.lambda_.timing.failing_updates = world.lambda_.timing.failing_publishes = 0
    world.simulation.choose = None
    world.simulation.advance(_A_WHILE)
    command = Command(act, tag, wait=_A_WHILE, fix_forward=act == "release")
    report: Report | None = world.do(f"last-{act}", lambda tools: perform(tools, command))
    return report


def _options(command: Command) -> Options:
    chosen, shares = strategy.parse("canary" if command.act == "canary" else "all-at-once")
    return Options(chosen, shares, fix_forward=command.fix_forward, wait_seconds=command.wait)
