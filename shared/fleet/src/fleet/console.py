"""What a person sees, on standard error, and what a machine reads, JSON on standard output."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fleet.errors import FleetError

# Progress goes to standard error, so that `fleet … --json | jq` sees JSON alone.
# A pipe has no width of its own: wide enough there for a table's rows to stay on one line.
console = Console(stderr=True, highlight=False)
if not console.is_terminal and "COLUMNS" not in os.environ:
    console.width = 150


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step while it runs, and how it ended."""
    with console.status(escape(title)):
        try:
            yield
        except BaseException:
            console.print(f"[red]✗[/red] {escape(title)}")
            raise
    console.print(f"[green]✓[/green] {escape(title)}")


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show rows under headings; the last column is cut where there is no room for it."""
    console.print(rows_table(title, headings, rows))


def rows_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Rows under headings, to be shown; cells are Rich's markup."""
    cells = [[Text.from_markup(cell) for cell in row] for row in rows]
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    room = console.width - 3 * len(headings)
    for number, heading in enumerate(headings):
        shown.add_column(heading, no_wrap=True)
        if number < len(headings) - 1:
            room -= max([len(heading), *(row[number].cell_len for row in cells)])
    for row in cells:
        row[-1].truncate(max(room, 10), overflow="ellipsis")
        shown.add_row(*row)
    return shown


def note(text: str) -> None:
    """One line for a person."""
    console.print(escape(text), style="dim")


def emit(result: Any) -> None:
    """Write a result as JSON to standard output."""
    sys.stdout.write(json.dumps(result, indent=2, default=str) + "\n")


def fail(error: FleetError, *, as_json: bool) -> None:
    """Say what went wrong and what to do."""
    console.print(f"[bold red]error:[/bold red] {escape(error.message)}")
    console.print(f"[bold]to do:[/bold] {escape(error.todo)}")
    if as_json:
        emit({"error": error.message, "todo": error.todo, "exit_code": int(error.code)})
