"""fleet status: what is live."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.markup import escape

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import console, emit, rows_table
from fleet.errors import ExitCode, FleetError
from fleet.release.drift import Standing
from fleet.release.engine import AT_ONCE
from fleet.release.told import LATEST

if TYPE_CHECKING:
    from rich.table import Table

Watch = Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")]
_HEADINGS = ("function", "live", "tag", "image", "last release", "$LATEST")
_AGAIN_SECONDS = 2.0
_DIGITS = 12


def look(place: Workplace, function: str) -> dict[str, Any]:
    """How one function stands; what cannot be read is in it under `error`."""
    try:
        return Standing.of(place.tools, function).to_dict()
    except FleetError as error:
        return {"function": function, "error": error.message, "todo": error.todo}


def status(
    env: Env = "local", function: Functions = "all", *, watch: Watch = False, as_json: Json = False
) -> None:
    """Show each function's live version, tag and image, and in what $LATEST differs."""
    place = Workplace.of(env)
    names = place.project.select(function)
    if watch:
        _watch(place, names)
        return
    rows = place.runner.map(lambda name: look(place, name), names, AT_ONCE)
    console.print(_table(place, rows))
    if as_json:
        emit(rows)
    if all("error" in row for row in rows):
        raise FleetError(rows[0]["error"], rows[0]["todo"], ExitCode.PREFLIGHT)


def _watch(place: Workplace, names: tuple[str, ...]) -> None:
    # A shell that starts it in the background has it ignore Ctrl-C, and nothing else would end it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                rows = place.runner.map(lambda name: look(place, name), names, AT_ONCE)
                live.update(_table(place, rows), refresh=True)
                time.sleep(_AGAIN_SECONDS)
    except KeyboardInterrupt:
        return


def _table(place: Workplace, rows: list[dict[str, Any]]) -> Table:
    title = f"{place.project.name} in {place.environment.name}"
    return rows_table(title, _HEADINGS, map(_shown, rows))


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    if "error" in row:
        return (row["function"], "[red]?[/red]", "-", "-", "-", escape(row["error"]))
    return (
        row["function"],
        _live(row),
        row["tag"][:_DIGITS] or "-",
        row["digest"].removeprefix("sha256:")[:_DIGITS] or "by tag",
        _release(row),
        _drift(row["drift"]),
    )


def _live(row: dict[str, Any]) -> str:
    if row["live_version"] == LATEST:
        return "never released"
    shares = "".join(f" + {share:.0%} {number}" for number, share in row["weights"].items())
    return f"{row['live_version']}[yellow]{shares}[/yellow]" if shares else row["live_version"]


def _release(row: dict[str, Any]) -> str:
    if opened := row["open_release"]:
        state = "under way" if opened["under_way"] else "was killed: fleet resume"
        return f"[yellow]{opened['kind']} by {escape(opened['by'])} {state}[/yellow]"
    last = row["last_release"]
    return f"{last['kind']} {last['state']} {last['at'][:19]}" if last else "-"


def _drift(drift: dict[str, Any]) -> str:
    differences = ["image"] * drift["image"] + drift["settings"]
    if not differences:
        return "same"
    return f"[yellow]differs: {escape(', '.join(differences))}[/yellow]"
