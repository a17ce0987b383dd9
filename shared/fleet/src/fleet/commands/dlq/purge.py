"""fleet dlq purge: empty a dead letter queue into a file."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fleet.commands.conduct import stoppable
from fleet.commands.dlq.options import QueueName, queues_of
from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit, note
from fleet.dead_letters.purge import purge as purge_queue
from fleet.errors import ExitCode, FleetError

File = Annotated[
    Path | None,
    typer.Option(
        "--file", help="Where the messages go; build/dlq/<queue>-<time>.jsonl by default."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for the queue's name.")]


def purge(
    queue: QueueName,
    env: Env = "local",
    file: File = None,
    *,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete every message of a dead letter queue, after it was written to a file.

    The file has the messages whole, with whatever secrets are in them: only you may read it, and
    it is yours to delete.
    """
    place = Workplace.of(env)
    queues = queues_of(place)
    found = queues.one(queue)
    if not yes:
        _confirm(found.name, found.depth)
    path = (
        file
        or place.project.reports
        / "dlq"
        / f"{found.name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.jsonl"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with stoppable(place.runner):
            purged = purge_queue(queues.client, found, path, place.runner)
    except FileExistsError as error:
        raise FleetError(f"{path} is there already", "name another --file") from error
    console.print(f"[green]✓[/green] {purged.count} messages of {found.name} are in {path} only")
    for message in purged.undeleted:
        console.print(f"[yellow]still in {found.name}[/yellow] and in the file: {message}")
    if as_json:
        emit({"queue": found.name} | asdict(purged))
    if purged.undeleted or purged.stopped:
        raise typer.Exit(ExitCode.NEEDS_PERSON)


def _confirm(name: str, depth: int) -> None:
    note(f"about {depth} messages of {name} will be deleted")
    try:
        typed = typer.prompt(f"Type {name} to go on", err=True)
    except typer.Abort:
        typed = ""
    if typed != name:
        raise FleetError(
            "not confirmed; nothing was deleted", "type the queue's whole name, or give --yes",
            ExitCode.REFUSED,
        )  # fmt: skip
