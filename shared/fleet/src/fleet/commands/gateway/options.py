"""What the verbs of `fleet gateway client` share."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

import typer

from fleet.commands.options import Workplace
from fleet.console import console
from fleet.errors import ExitCode, FleetError
from fleet.release.told import ALIAS

FUNCTION: Final = "lambda-action"
# What the function's errors mean for the operator.
_TODO: Final = {
    "ClientExists": "`fleet gateway client list` shows them all, those that were revoked too",
    "ClientUnknown": "`fleet gateway client list` shows which there are",
    "ValidationError": "a client's id has letters, digits, dots, hyphens and underscores, 64 at"
    " most; a prefix the same without dots; a rate is 0 or more",
    "DatabaseUnavailable": "try again; if it stays away, look at the database's alarms",
}

ClientId = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]


def ask(env: str, order: str, **values: Any) -> list[dict[str, Any]]:
    """Have the gateway's function do something with clients.

    Args:
        env: The environment.
        order: Such as `client.add`.
        values: What belongs to it.

    Returns:
        The clients that it answers with.

    Raises:
        FleetError: It refused, with its own reason; nothing was changed.
    """
    answer = Workplace.of(env).control(FUNCTION).invoke(ALIAS, {"gateway": order, **values})
    if not answer.function_error:
        found: list[dict[str, Any]] = answer.payload["clients"]
        return found
    payload = answer.payload if isinstance(answer.payload, dict) else {}
    kind = payload.get("errorType", "")
    raise FleetError(
        f"the gateway refused: {payload.get('errorMessage', answer.function_error)}",
        _TODO.get(kind, f"`fleet logs --function {FUNCTION}` shows more"),
        ExitCode.USAGE if kind == "ValidationError" else ExitCode.PREFLIGHT,
    )


def new_secret() -> str:
    """256 bits, so that nobody need wonder how good it is."""
    return secrets.token_urlsafe(32)


def hand_over(client_id: str, secret: str) -> None:
    """Show a new secret, which nobody can show again."""
    console.print(f"client_id:     {client_id}", markup=False)
    console.print(f"client_secret: {secret}", markup=False)
    console.print("[yellow]Keep it now: it is stored as a hash, and shown this once.[/yellow]")
