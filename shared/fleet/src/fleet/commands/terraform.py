"""fleet terraform: Terraform's own commands, on an environment's state."""

from __future__ import annotations

from typing import Annotated

import typer

from fleet.commands.options import Env, Workplace

Arguments = Annotated[
    list[str],
    typer.Argument(help="Terraform's own words, behind --: state list, import <address> <id>, …"),
]


def terraform(arguments: Arguments, env: Env = "local") -> None:
    """Run Terraform on an environment's state and with its values; ends with its exit code."""
    place = Workplace.of(env)
    place.terraform.init()
    if code := place.terraform.pass_on(arguments):
        raise typer.Exit(code)
