"""fleet lake backfill: fetch a range of days."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit
from fleet.errors import ExitCode, FleetError
from fleet.release.told import ALIAS

if TYPE_CHECKING:
    from fleet.release.told import Answer

FUNCTION = "bronze-ingestion"
First = Annotated[
    datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, YYYY-MM-DD.")
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; the first one by default."),
]
Force = Annotated[bool, typer.Option("--force", help="Fetch what is there already, too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")]


def backfill(
    first: First,
    last: Last = None,
    env: Env = "local",
    *,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Fetch the schedules and box scores of days; what is there is not fetched again.

    It goes on by itself, within the source's rate. Begun again, it goes on where it stopped.
    """
    if last is not None and last < first:
        raise FleetError("--to is before --from", "give the earlier day first", ExitCode.USAGE)
    parameters: dict[str, Any] = {
        "date": first.date().isoformat(),
        "date_to": (last or first).date().isoformat(),
        "force_run": force,
        "dry_run": dry_run,
    }
    tell(ask(env, "backfill", parameters), as_json=as_json)


def ask(env: str, trigger: str, parameters: dict[str, Any]) -> Answer:
    """Invoke what is live with these parameters.

    Raises:
        FleetError: It failed; with its own reason.
    """
    control = Workplace.of(env).control(FUNCTION)
    event = {"source": "fleet", "trigger_type": trigger, "parameters": parameters}
    answer = control.invoke(ALIAS, event)
    if answer.function_error:
        payload = answer.payload if isinstance(answer.payload, dict) else {}
        raise FleetError(
            f"{FUNCTION} failed: {payload.get('errorMessage', answer.function_error)}",
            f"`fleet logs --function {FUNCTION}` shows more, `fleet lake status` what there is",
            ExitCode.PREFLIGHT,
        )
    return answer


def tell(answer: Answer, *, as_json: bool) -> None:
    """Show what it answered."""
    console.print(f"{answer.payload['status']}: {answer.payload['message']}", markup=False)
    if as_json:
        emit(answer.payload)
