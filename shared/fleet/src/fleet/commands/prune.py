"""fleet prune: old versions away."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import emit, note, table
from fleet.release.engine import AT_ONCE
from fleet.release.prune import Pruned
from fleet.release.prune import prune as prune_function

Keep = Annotated[int, typer.Option("--keep", min=1, help="How many releases a rollback can reach.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")]


def prune(
    env: Env = "local",
    function: Functions = "all",
    keep: Keep = 10,
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Delete old versions, but none that an alias, a rollback or an open release needs."""
    place = Workplace.of(env)
    place.environment.require_releases()
    results = place.runner.map(
        lambda name: prune_function(place.tools, name, keep, dry_run=dry_run),
        place.project.select(function),
        AT_ONCE,
    )
    done = "would be deleted" if dry_run else "deleted"
    table(f"versions in {env}", ("function", "kept", done, "refused"), map(_row, results))
    for result in results:
        for number, reason in result.refused.items():
            note(f"{result.function} {number}: {reason}")
    if as_json:
        emit([asdict(result) for result in results])


def _row(result: Pruned) -> tuple[str, str, str, str]:
    return (
        result.function,
        ", ".join(result.kept) or "-",
        ", ".join(result.deleted) or "-",
        ", ".join(result.refused) or "-",
    )
