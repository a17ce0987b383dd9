"""fleet invoke: send a sample event to what is live."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from fleet.commands.options import Env, Json, OneFunction, Workplace
from fleet.console import console, emit
from fleet.errors import ExitCode, FleetError
from fleet.release.told import ALIAS

EventName = Annotated[
    str, typer.Option("--event", help="A file of the function's events/, without .json.")
]


def invoke(
    function: OneFunction, env: Env = "local", event: EventName = "smoke", *, as_json: Json = False
) -> None:
    """Invoke a function through its alias with one of its sample events."""
    place = Workplace.of(env)
    name = place.project.select_one(function)
    sample = place.project.event(name, event)
    answer = place.control(name).invoke(ALIAS, sample.event)
    console.print(f"{name} answered in {answer.milliseconds:.0f} ms:")
    console.print_json(json.dumps(answer.payload, default=str))
    if as_json:
        emit(asdict(answer))
    if answer.function_error:
        raise FleetError(
            f"{name} failed ({answer.function_error})",
            f"`fleet logs --function {name}` shows why",
            ExitCode.PREFLIGHT,
        )
