"""fleet outputs: addresses and names that Terraform made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fleet.commands.options import Env, Json, Workplace
from fleet.console import emit, table
from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from collections.abc import Iterator

Name = Annotated[str, typer.Argument(help="One output; all by default. api.endpoint goes deeper.")]


def outputs(name: Name = "", env: Env = "local", *, as_json: Json = False) -> None:
    """Show what Terraform says of an environment: addresses, tables, buckets, functions."""
    found = Workplace.of(env).terraform.outputs()
    chosen = _chosen(found, name) if name else found
    if isinstance(chosen, dict):
        table(f"outputs of {env}", ("name", "value"), _rows(chosen, name))
    elif not as_json:
        typer.echo(chosen if isinstance(chosen, str) else json.dumps(chosen))
    if as_json:
        emit(chosen)


def _chosen(found: dict[str, Any], name: str) -> Any:
    """The value under a name such as `api.endpoint`."""
    value: Any = found
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            known = ", ".join(sorted(value)) if isinstance(value, dict) else "nothing below it"
            raise FleetError(f"no output {name}", f"choose one of: {known}", ExitCode.USAGE)
        value = value[part]
    return value


def _rows(values: dict[str, Any], under: str) -> Iterator[tuple[str, str]]:
    """Every leaf with its whole name."""
    for key, value in sorted(values.items()):
        name = f"{under}.{key}" if under else key
        if isinstance(value, dict):
            yield from _rows(value, name)
        else:
            yield escape(name), escape(value if isinstance(value, str) else json.dumps(value))
