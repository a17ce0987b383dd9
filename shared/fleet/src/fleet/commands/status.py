"""fleet status: what is live."""

from __future__ import annotations

from typing import Any

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import emit, table
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
        "last_release": newest
        and {"kind": newest.kind, "state": newest.state, "at": newest.started_at},
    }


def status(env: Env = "local", function: Functions = "all", *, as_json: Json = False) -> None:
    """Show each function's live version, tag and image, and whether $LATEST differs."""
    place = Workplace.of(env)
    rows = [look(place, name) for name in place.project.select(function)]
    headings = ("function", "live", "tag", "image", "$LATEST", "last release")
    table(f"{place.project.name} in {env}", headings, map(_shown, rows))
    if as_json:
        emit(rows)


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    last = row["last_release"]
    return (
        row["function"],
        "never released" if row["live_version"] == LATEST else row["live_version"],
        row["tag"][:12] or "-",
        row["digest"].removeprefix("sha256:")[:12] or "by tag",
        "[yellow]differs[/yellow]" if row["latest_differs"] else "same",
        f"{last['kind']} {last['state']} {last['at'][:19]}" if last else "-",
    )
