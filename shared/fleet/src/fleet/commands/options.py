"""Options that verbs share, and the objects that they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import typer

from fleet import environments
from fleet.environments import Environment
from fleet.images.registry import Registry
from fleet.project import Project
from fleet.release.control import FunctionControl
from fleet.release.history import History
from fleet.stack.local import LocalStack
from fleet.stack.terraform import Terraform

Env = Annotated[str, typer.Option("--env", envvar="ENV", help="local, dev, staging or prod.")]
Functions = Annotated[
    str, typer.Option("--function", envvar="FN", help="Functions, comma-separated, or all.")
]
OneFunction = Annotated[str, typer.Option("--function", envvar="FN", help="The function.")]
Tag = Annotated[
    str, typer.Option("--tag", envvar="TAG", help="Image tag; the checked-out commit by default.")
]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON to standard output.")]


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
    def history(self) -> History:
        """The environment's releases."""
        return History(self.environment)

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
        return FunctionControl(self.environment, function)
