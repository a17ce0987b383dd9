"""The verbs of `fleet lake`, one module each."""

from __future__ import annotations

import typer

from fleet.commands.lake.backfill import backfill
from fleet.commands.lake.replay import replay
from fleet.commands.lake.status import status

app = typer.Typer(
    name="lake",
    help="The basketball lake: what each layer has, what is missing, and how to get it.",
    no_args_is_help=True,
)
for verb in (status, backfill, replay):
    app.command()(verb)
