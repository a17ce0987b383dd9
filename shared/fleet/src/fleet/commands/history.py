"""fleet history: what was released."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import emit, table

if TYPE_CHECKING:
    from function_kit.releases import Release

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many releases of each function.")]


def history(
    env: Env = "local", function: Functions = "all", limit: Limit = 10, *, as_json: Json = False
) -> None:
    """List releases and rollbacks, newest first."""
    place = Workplace.of(env)
    releases = [r for fn in place.project.select(function) for r in place.history.of(fn, limit)]
    headings = (
        "function", "started", "kind", "state", "tag", "version", "was", "strategy", "by", "reason",
    )  # fmt: skip
    table(f"releases to {env}", headings, map(_shown, releases))
    if as_json:
        emit([asdict(release) for release in releases])


def _shown(release: Release) -> tuple[str, ...]:
    return (
        release.function,
        release.started_at[:19],
        release.kind,
        release.state,
        release.tag[:12],
        release.version or "-",
        release.previous_version,
        release.strategy if release.kind == "deploy" else "-",
        escape(release.actor),
        escape(" ".join(f"{release.audit} {release.reason}".split())),
    )
