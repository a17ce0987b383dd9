"""fleet status: what is live."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import console, emit
from fleet.release.control import LATEST


def look(place: Workplace, function: str) -> dict[str, Any]:
    """What is live of one function, and whether $LATEST differs from it."""
    control = place.control(function)
    alias = control.alias()
    live, latest = control.version(alias.version), control.version(LATEST)
    newest = next(iter(place.history.of(function, limit=1)), None)
    made = [r for r in place.history.of(function) if r.version == alias.version and r.tag]
    return {
        "function": function,
        "live_version": alias.version,
        "weights": alias.weights,
        "tag": made[0].tag if made else "",
        "digest": live.digest,
        "latest_differs": live.image != latest.image or live.configuration != latest.configuration,
        "last_release": newest and {"kind": newest.kind, "state": newest.state, "at": newest.started_at},
    }


def status(env: Env = "local", function: Functions = "all", *, as_json: Json = False) -> None:
    """Show each function's live version, tag and image, and whether $LATEST differs."""
    place = Workplace.of(env)
    rows = [look(place, name) for name in place.project.select(function)]
    table = Table(title=f"{place.project.name} in {env}", title_justify="left")
    for heading in ("function", "live", "tag", "image", "$LATEST", "last release"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            row["function"],
            "never released" if row["live_version"] == LATEST else row["live_version"],
            row["tag"][:12] or "–",
            row["digest"].removeprefix("sha256:")[:12] or "by tag",
            "[yellow]differs[/yellow]" if row["latest_differs"] else "same",
            _release(row["last_release"]),
        )
    console.print(table)
    if as_json:
        emit(rows)


def _release(last: dict[str, str] | None) -> str:
    return f"{last['kind']} {last['state']} {last['at'][:19]}" if last else "–"
