"""A world for releases: an AWS account in memory, virtual time, and operators in it.

It answers real botocore clients, so that the engine's own calls are what is tested. What
it can do is held against botocore's model of the services, and where both can, against the
local AWS (tests/contract/test_world_model.py, tests/e2e/test_world_local_aws.py).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Self
from unittest.mock import patch

from fleet.images.registry import Image
from fleet.release.api import LambdaApi
from fleet.release.history import History
from fleet.release.judge.alarm_poll import AlarmPoll
from fleet.release.judge.alarms import KINDS, AlarmWatch
from fleet.release.judge.evidence import Evidence
from fleet.release.lock import Holder, Locks
from fleet.release.tools import Tools
from function_kit.releases import Release, decode_release

from tests.kit.program import ROOT
from tests.kit.world import behind
from tests.kit.world.clock import Operator, Simulation
from tests.kit.world.cloudwatch import Alarm, CloudWatch, Metrics
from tests.kit.world.dynamodb import DynamoDB, Table
from tests.kit.world.faults import Call, Fault
from tests.kit.world.functions import LATEST, REGION, Alias, Function, Version
from tests.kit.world.lambda_ import ControlPlane
from tests.kit.world.passage import Passage
from tests.kit.world.recorder import Recorder
from tests.kit.world.registry import FakeRegistry, Images
from tests.kit.world.runner import SimulatedRunner
from tests.kit.world.surroundings import WorldEnvironment, WorldProject

_TICK_SECONDS = 5.0


class World:
    """An account with some functions, each created by Terraform and not yet released.

    Use it as a context: clients of fleet's environment are answered by it inside.

    Attributes:
        passage: how calls get there; its fault and latency may be changed at any time.
        recorder: everything that `live` ever was.
        table: the history, with its locks.
        sees_deaths: whether operators share a machine, and see whose process is gone.
    """

    def __init__(
        self,
        functions: Sequence[str] = ("alpha",),
        *,
        seed: int = 0,
        fault: Callable[[Call], Fault | None] = lambda _: None,
        latency: float = 0.02,
        sees_deaths: bool = False,
    ) -> None:
        self.sees_deaths = sees_deaths
        self.simulation = Simulation()
        self.recorder = Recorder(self.simulation, self._was_released)
        self.environment = WorldEnvironment("dev", "fleet", REGION, "x86_64", None, releases=True)
        self.project = WorldProject(ROOT, tuple(functions))
        self.images = Images(random.Random(seed))
        self.metrics = Metrics(self._clock)
        self.lambda_ = ControlPlane(
            self._clock,
            self.images,
            self.metrics,
            moved=self.recorder.moved,
            invoked=self.recorder.invoked,
        )
        self.table = Table()
        self.dynamodb = DynamoDB({self.environment.history_table: self.table})
        self.cloudwatch = CloudWatch(self.metrics)
        services = {
            "lambda": self.lambda_,
            "dynamodb": self.dynamodb,
            "cloudwatch": self.cloudwatch,
        }
        self.passage = Passage(
            self.simulation, self.lambda_, self.recorder, services, fault, latency
        )
        self.registry = FakeRegistry(self.images, self.environment.project, self.passage.look)
        self._context = ExitStack()
        for function in functions:
            self.create(function)

    def __enter__(self) -> Self:
        self._context.enter_context(behind.behind_clients(self))
        self._context.enter_context(patch("fleet.release.lock._is_dead", self._is_dead))
        return self

    def __exit__(self, *_: object) -> None:
        self.simulation.close()
        self._context.close()

    @property
    def now(self) -> float:
        return self.simulation.now

    def _clock(self) -> float:
        return self.simulation.now

    # What is in it.

    def create(self, function: str, tag: str = "first", **configuration: Any) -> Function:
        """Let Terraform create a function, or replace it by a new one of the same name."""
        if not self.registry.has_tag(function, tag):
            self.registry.push(function, tag)
        name = self.environment.function_name(function)
        for kind in KINDS:
            self.cloudwatch.alarms.setdefault(f"{name}-{kind}", Alarm(function=name))
        return self.lambda_.create(name, self.registry.image(function, tag).uri, **configuration)

    def push(self, tag: str, *functions: str, **how: Any) -> list[Image]:
        """Push an image of some functions, or of all; how it behaves is registry.Behaviour's."""
        wanted = functions or self.project.functions
        return [self.registry.push(function, tag, **how) for function in wanted]

    def function(self, function: str) -> Function:
        """A function as it is, with every update that is due settled."""
        found = self.lambda_.functions[self.environment.function_name(function)]
        found.settle(self.now)
        return found

    def live(self, function: str) -> Alias:
        return self.function(function).aliases["live"]

    def live_digest(self, function: str) -> str:
        """The image of the version that `live` points at."""
        return self.function(function).versions[self.live(function).version].digest

    def live_image_exists(self, function: str) -> bool:
        return self.registry.has_digest(function, self.live_digest(function))

    def latest(self, function: str) -> Version:
        return self.function(function).versions[LATEST]

    def history(self, function: str) -> list[Release]:
        """A function's releases, newest first, as they lie in the table."""
        items = self.table.partitions.get(function, {})
        return [decode_release(items[key]) for key in sorted(items, reverse=True) if key > "0"]

    def _was_released(self, name: str) -> bool:
        names = {self.environment.function_name(each): each for each in self.project.functions}
        return any(release.state == "succeeded" for release in self.history(names[name]))

    def traffic(self, function: str, per_minute: float) -> None:
        """Let users call a function through `live` from now on."""
        name, owed = self.environment.function_name(function), 0.0

        def tick() -> None:
            nonlocal owed
            owed += per_minute * _TICK_SECONDS / 60
            self.lambda_.traffic(name, int(owed))
            owed -= int(owed)
            self.simulation.at(_TICK_SECONDS, tick)

        self.simulation.at(_TICK_SECONDS, tick)

    # Operators.

    def client(self, service: str, attempts: int = 1) -> Any:
        return behind.client(service, attempts)

    def operator(self, name: str) -> Operator:
        """A new process; names need not be unique, processes are."""
        return self.simulation.operator(name)

    def runner_for(self, operator: Operator) -> SimulatedRunner:
        return SimulatedRunner(operator)

    def tools_for(self, operator: Operator) -> Tools:
        """What a command works with, when this operator runs it."""
        runner, dynamodb = self.runner_for(operator), self.client("dynamodb", 5)
        cloudwatch = self.client("cloudwatch", 5)
        alarms = AlarmWatch(self.environment, cloudwatch, runner)
        return Tools(
            project=self.project,
            environment=self.environment,
            registry=self.registry,  # type: ignore[arg-type]
            history=History(self.environment, dynamodb, runner),
            locks=Locks(self.environment, dynamodb, runner),
            api=LambdaApi(self.client("lambda", 1), runner),
            alarms=alarms,
            alarm_poll=AlarmPoll(alarms, runner),
            evidence=Evidence(self.environment, cloudwatch),
            runner=runner,
            holder=Holder(operator.run_id, operator.name, operator.run_id),
        )

    def start(self, name: str, work: Callable[[Tools], Any]) -> Operator:
        """A new operator that begins some work; it goes on while `run` runs."""
        operator = self.operator(name)
        return operator.start(lambda: work(self.tools_for(operator)))

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Let everybody go on until all have ended, or until something is true."""
        self.simulation.run(until)

    def do(self, name: str, work: Callable[[Tools], Any]) -> Any:
        """Let an operator do some work to its end; return what it returned."""
        operator = self.start(name, work)
        self.run(lambda: operator.finished)
        return operator.result()

    # What stands behind the clients.

    def answer(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Let a call take effect, with what the test lets happen to it."""
        return self.passage.call(service, operation, parameters)

    def pause(self, seconds: float) -> None:
        """Wait, as botocore does before it tries again."""
        self.simulation.sleep(seconds)

    def _is_dead(self, process: str) -> bool:
        """What fleet.release.lock knows of a process of its own machine."""
        _, _, number = process.rpartition("-")
        return self.sees_deaths and self.simulation.operators[int(number)].killed
