"""The verbs of `fleet github`, one module each: what workflows call beside everybody's verbs."""

from __future__ import annotations

import typer

from fleet.commands.github.begin import begin
from fleet.commands.github.drift import drift
from fleet.commands.github.gate import gate
from fleet.commands.github.matrix import matrix
from fleet.commands.github.plan import plan
from fleet.commands.github.report import report
from fleet.commands.github.request import request

app = typer.Typer(
    name="github",
    help="Steps of the workflows on GitHub: who asks for what, and where reports go.",
    no_args_is_help=True,
)
for verb in (request, begin, report, matrix, plan, drift, gate):
    app.command()(verb)
