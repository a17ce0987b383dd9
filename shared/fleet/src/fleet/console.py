"""What a person sees (rich, on standard error) and what a machine reads (JSON, on standard output)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape

from fleet.errors import FleetError

# Progress goes to standard error, so that `fleet … --json | jq` sees JSON alone.
console = Console(stderr=True, highlight=False)


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
