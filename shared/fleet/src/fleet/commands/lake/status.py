"""fleet lake status: what each layer has, and what is missing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.markup import escape

from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit, table
from fleet.lake.buckets import Buckets
from fleet.lake.survey import survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleet.lake.survey import Survey

_SHOWN: Final = 12


def status(env: Env = "local", *, as_json: Json = False) -> None:
    """Show the dates of each layer, gaps, and the quarantine by class."""
    found = survey(Buckets(Workplace.of(env).environment))
    table(f"the lake of {env}", ("layer", "dates", "missing"), _layers(found))
    for title, days in (
        ("without a schedule", found.absent),
        ("without some box scores", found.incomplete),
    ):
        if days:
            console.print(f"[yellow]{title}:[/yellow] {escape(_days(days))}")
    refused = ", ".join(f"{count} {fault}" for fault, count in sorted(found.quarantine.items()))
    console.print(f"quarantine: {refused or 'nothing open'}; {found.resolved} resolved")
    if found.absent or found.incomplete:
        console.print("[dim]`fleet lake backfill` fetches what is missing[/dim]")
    if found.quarantine:
        console.print("[dim]`fleet lake replay --dry-run` shows what would be tried again[/dim]")
    if as_json:
        emit(found.as_json())


def _layers(found: Survey) -> Iterator[tuple[str, ...]]:
    played = len(found.played)
    boxes = f"{sum(found.boxes.values())} of {sum(found.games.values())} box scores"
    yield "bronze", f"{len(found.days)} ({played} with games)", boxes
    whole = found.complete & set(found.played)
    for layer, days, before in (
        ("silver", found.silver, whole),
        ("gold", found.gold, found.silver),
    ):
        behind = found.behind(days, before)
        yield layer, str(len(days)), escape(_days(behind)) if behind else "nothing"


def _days(days: Iterable[str]) -> str:
    """Days by month, not all of very many: `2024-11: 15 16 17`."""
    ordered = sorted(days)
    shown = ordered[:_SHOWN]
    text = "; ".join(
        f"{month}: {' '.join(day[8:] for day in group)}"
        for month, group in groupby(shown, key=lambda day: day[:7])
    )
    left = len(ordered) - len(shown)
    return f"{text} and {left} more" if left else text
