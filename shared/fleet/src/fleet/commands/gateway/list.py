"""fleet gateway client list: who may call."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from fleet.commands.gateway.options import ask
from fleet.commands.options import Env, Json
from fleet.console import emit, table

_HEADINGS = ("client", "functions", "rate", "added", "secret of", "still good")


def list_(env: Env = "local", *, as_json: Json = False) -> None:
    """List the clients: what they may invoke, how fast, and how old their secrets are."""
    clients = ask(env, "client.list")
    table(f"clients of the invoke gateway in {env}", _HEADINGS, map(_shown, clients))
    if as_json:
        emit(clients)


def _shown(client: dict[str, Any]) -> tuple[str, ...]:
    name = escape(client["client_id"])
    if client["revoked_at"]:
        revoked = f"[red]revoked {_day(client['revoked_at'])}[/red]"
        return name, "-", "-", _day(client["created_at"]), revoked, ""
    return (
        name,
        escape(", ".join(f"{prefix}*" for prefix in client["prefixes"])) or "all",
        f"{client['rate']:g}/s" if client["rate"] else "no limit",
        _day(client["created_at"]),
        _day(client["rotated_at"] or client["created_at"]),
        # The secret before is good until this moment.
        f"the one before, {client['previous_until'][:16]}" if client["previous_until"] else "",
    )


def _day(moment: str) -> str:
    return moment[:10]
