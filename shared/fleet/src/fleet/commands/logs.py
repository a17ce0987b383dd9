"""fleet logs: a function's newest log lines."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from fleet.commands.options import Env, Json, OneFunction, Workplace
from fleet.console import emit

# The local emulator talks about itself between the function's lines.
EMULATOR = re.compile(r"\d\d \w{3} \d{4} [\d:,]+ \[\w+\] \(rapid\)")
Minutes = Annotated[int, typer.Option(min=1, help="How far to look back.")]


def logs(
    function: OneFunction, env: Env = "local", minutes: Minutes = 15, *, as_json: Json = False
) -> None:
    """Show a function's log lines of the last minutes, oldest first."""
    place = Workplace.of(env)
    name = place.project.select_one(function)
    client = place.environment.client("logs")
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{place.environment.function_name(name)}",
        startTime=int((time.time() - minutes * 60) * 1000),
    )
    events = [e for page in pages for e in page["events"] if not EMULATOR.match(e["message"])]
    if as_json:
        emit([{"timestamp": e["timestamp"], "message": e["message"]} for e in events])
        return
    for event in events:
        typer.echo(event["message"].rstrip())
