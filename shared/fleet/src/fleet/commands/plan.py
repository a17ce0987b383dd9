"""fleet plan: what Terraform would change."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit, step
from fleet.errors import ExitCode

DetailedExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit 2 when something would change.")
]


def changes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources that a plan would touch, and how."""
    found = plan.get("resource_changes", [])
    touched = [c for c in found if c["change"]["actions"] not in (["no-op"], ["read"])]
    return [{"address": c["address"], "actions": c["change"]["actions"]} for c in touched]


def plan(env: Env = "local", *, exit_code: DetailedExitCode = False, as_json: Json = False) -> None:
    """Show what `fleet apply` would change."""
    place = Workplace.of(env)
    with step(f"plan {env}"):
        place.terraform.init()
        _, planned = place.terraform.plan()
    touched = changes(planned)
    for change in touched:
        console.print(f"  {'/'.join(change['actions'])} {change['address']}", markup=False)
    if not touched:
        console.print("  nothing would change")
    if as_json:
        emit(touched)
    if touched and exit_code:
        raise typer.Exit(ExitCode.USAGE)
