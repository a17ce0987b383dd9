"""The verbs of `fleet dlq`, one module each."""

from __future__ import annotations

import typer

from fleet.commands.dlq.list import list_
from fleet.commands.dlq.purge import purge
from fleet.commands.dlq.redrive import redrive
from fleet.commands.dlq.show import show

app = typer.Typer(
    name="dlq",
    help="Dead letter queues: what could not be dealt with, why, and the way back.",
    no_args_is_help=True,
)
app.command("list")(list_)
for verb in (show, redrive, purge):
    app.command()(verb)
