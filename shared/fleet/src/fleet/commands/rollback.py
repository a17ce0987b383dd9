"""fleet rollback: back to an earlier release."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import console, emit
from fleet.errors import ExitCode, FleetError
from fleet.release.rollback import Outcome, Rollback

ToTag = Annotated[str, typer.Option("--to-tag", help="Go back to the release of this image tag.")]
ToVersion = Annotated[str, typer.Option("--to-version", help="Go back to this version number.")]


def roll_back(
    place: Workplace, function: str, to_tag: str | None = None, to_version: str | None = None
) -> Outcome:
    """Roll one function back, and say where it went."""
    worker = Rollback(
        place.project, place.environment, place.registry, place.history, place.control(function)
    )
    with console.status(f"roll {function} back"):
        outcome = worker.run(to_tag=to_tag, to_version=to_version)
    console.print(
        f"[green]✓[/green] {function} is back at version {outcome.to_version} "
        f"(was {outcome.from_version}), live moved after {outcome.moved_milliseconds:.0f} ms"
    )
    return outcome


def rollback(
    function: Functions,
    env: Env = "local",
    to_tag: ToTag = "",
    to_version: ToVersion = "",
    *,
    as_json: Json = False,
) -> None:
    """Point `live` at the previous release, a tag or a version, and $LATEST at its image."""
    if to_tag and to_version:
        raise FleetError("--to-tag and --to-version exclude each other", "give one", ExitCode.USAGE)
    place = Workplace.of(env)
    outcomes = [
        roll_back(place, name, to_tag or None, to_version or None)
        for name in place.project.select(function)
    ]
    if as_json:
        emit([asdict(outcome) for outcome in outcomes])
