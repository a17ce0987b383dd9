"""fleet lake replay: try again what was refused."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from fleet.commands.lake.backfill import DryRun, ask, tell
from fleet.commands.options import Env, Json
from fleet.errors import ExitCode, FleetError


class Fault(StrEnum):
    """The classes of what is refused."""

    SCHEMA_CHANGE = "schema_change"
    DATA_QUALITY = "data_quality"
    ROUNDING_MISMATCH = "rounding_mismatch"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


Classes = Annotated[
    list[Fault] | None, typer.Option("--class", help="Only this class; may be repeated.")
]
First = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="From this day on.")
]
Last = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Up to this day.")
]


def replay(
    classes: Classes = None,
    first: First = None,
    last: Last = None,
    env: Env = "local",
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Validate records of the quarantine again, and ask the source for what is still refused."""
    if last is not None and (first is None or last < first):
        raise FleetError("--to needs an earlier --from", "give both days", ExitCode.USAGE)
    parameters: dict[str, Any] = {"replay": True, "dry_run": dry_run}
    parameters["classes"] = [fault.value for fault in classes or ()]
    if first is not None:
        parameters["date"] = first.date().isoformat()
        parameters["date_to"] = (last or first).date().isoformat()
    tell(ask(env, "replay", parameters), as_json=as_json)
