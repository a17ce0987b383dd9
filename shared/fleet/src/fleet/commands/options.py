"""Options that verbs share, and the objects that they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import typer

from fleet import environments
from fleet.changes import changed_functions
from fleet.environments import Environment
from fleet.images.registry import Registry
from fleet.project import Project
from fleet.release.api import LambdaApi
from fleet.release.control import FunctionControl
from fleet.release.engine import AT_ONCE
from fleet.release.history import History
from fleet.release.judge.alarm_poll import AlarmPoll
from fleet.release.judge.alarms import AlarmWatch
from fleet.release.judge.evidence import Evidence
from fleet.release.lock import Holder, Locks
from fleet.release.runner import Threads
from fleet.release.tools import Tools
from fleet.stack.local import LocalStack
from fleet.stack.terraform import Terraform

Env = Annotated[str, typer.Option("--env", envvar="ENV", help="local, dev, staging or prod.")]
Functions = Annotated[
    str, typer.Option("--function", envvar="FN", help="Functions, comma-separated, or all.")
]
Which = Annotated[
    str, typer.Option("--function", envvar="FN", help="Functions, comma-separated, all or changed.")
]
Base = Annotated[
    str,
    typer.Option(
        "--base", envvar="BASE", help="With --function changed: compared with this commit."
    ),
]
OneFunction = Annotated[str, typer.Option("--function", envvar="FN", help="The function.")]
Tag = Annotated[
    str, typer.Option("--tag", envvar="TAG", help="Image tag; the checked-out commit by default.")
]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON to standard output.")]


def choose(project: Project, function: str, base: str) -> tuple[str, ...]:
    """Functions by a list, `all`, or `changed`: those that differ from a commit."""
    return changed_functions(project, base) if function == "changed" else project.select(function)


@dataclass(frozen=True)
class Workplace:
    """A checkout and one of its environments, with what verbs need of them."""

    project: Project
    environment: Environment

    @classmethod
    def of(cls, env: str) -> Workplace:
        """The checkout around the current folder, and an environment by name."""
        project = Project.find()
        return cls(project, environments.load(project, env))

    @cached_property
    def registry(self) -> Registry:
        """The environment's ECR registry."""
        return Registry(self.project, self.environment)

    @cached_property
    def runner(self) -> Threads:
        """Time and threads."""
        return Threads()

    @cached_property
    def api(self) -> LambdaApi:
        """Lambda's API, within its rates."""
        # A smoke event may run as long as the function may: 15 minutes. LambdaApi tries again
        # itself, so that every attempt counts against the budget.
        client = self.environment.client(
            "lambda", attempts=1, read_timeout=910, max_pool_connections=AT_ONCE
        )
        return LambdaApi(client, self.runner, metered=not self.environment.is_local)

    @cached_property
    def _dynamodb(self) -> Any:
        # An answer that never comes is to cost a heartbeat, and not the lease.
        return self.environment.client("dynamodb", read_timeout=5, max_pool_connections=AT_ONCE)

    @cached_property
    def history(self) -> History:
        """The environment's releases."""
        return History(self.environment, self._dynamodb, self.runner)

    @cached_property
    def locks(self) -> Locks:
        """Who may change which function."""
        return Locks(self.environment, self._dynamodb, self.runner)

    @cached_property
    def tools(self) -> Tools:
        """What releases work with."""
        watch = self.environment.client("cloudwatch", max_pool_connections=AT_ONCE)
        alarms = AlarmWatch(self.environment, watch, self.runner)
        return Tools(
            project=self.project,
            environment=self.environment,
            registry=self.registry,
            history=self.history,
            locks=self.locks,
            api=self.api,
            alarms=alarms,
            alarm_poll=AlarmPoll(alarms, self.runner),
            evidence=Evidence(self.environment, watch),
            runner=self.runner,
            holder=Holder.of_this_process(self.history.identify()[0]),
        )

    @cached_property
    def terraform(self) -> Terraform:
        """The root module, for this environment."""
        return Terraform(self.project, self.environment)

    @cached_property
    def stack(self) -> LocalStack:
        """The local stack of this checkout."""
        return LocalStack(self.project, self.environment)

    def control(self, function: str) -> FunctionControl:
        """One function's control plane."""
        return FunctionControl(self.environment, function, self.api, self.runner)
