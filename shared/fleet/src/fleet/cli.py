"""The program `fleet`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleet import environments
from fleet.commands import VERBS, dlq, gateway, github, lake
from fleet.console import fail
from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from fleet.environments import Environment

app = typer.Typer(
    name="fleet",
    help="Build, release, roll back and look at the functions of this checkout.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in VERBS:
    app.command()(verb)
app.add_typer(dlq.app)
app.add_typer(gateway.app)
app.add_typer(github.app)
app.add_typer(lake.app)


def _environment() -> Environment:
    """The environment that the command line names, to explain an error of AWS."""
    from fleet.project import Project  # noqa: PLC0415  only on the way out

    given = [v for k, v in zip(sys.argv, sys.argv[1:], strict=False) if k == "--env"]
    given += [word.partition("=")[2] for word in sys.argv if word.startswith("--env=")]
    return environments.load(Project.find(), [os.environ.get("ENV") or "local", *given][-1])


def main() -> NoReturn:
    """Run one verb; every failure ends with a reason, a way out and its exit code."""
    as_json = "--json" in sys.argv
    try:
        app()
        sys.exit(ExitCode.DONE)
    except FleetError as error:
        fail(error, as_json=as_json)
        sys.exit(error.code)
    except (BotoCoreError, ClientError) as error:
        explained = environments.explain(error, _environment())
        fail(explained, as_json=as_json)
        sys.exit(explained.code)
