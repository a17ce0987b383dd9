"""fleet gateway client add: let a new client in."""

from __future__ import annotations

from typing import Annotated

import typer
from function_kit import passwords

from fleet.commands.gateway.options import ClientId, ask, hand_over, new_secret
from fleet.commands.options import Env, Json
from fleet.console import emit

Prefixes = Annotated[
    list[str] | None,
    typer.Option(
        "--prefix",
        help="Functions that it may invoke begin so; may be repeated. Without: all of them.",
    ),
]
Rate = Annotated[
    float,
    typer.Option(
        "--rate", min=0, help="Requests a second, for each process of the gateway; 0 is no limit."
    ),
]


def add(
    client_id: ClientId,
    prefixes: Prefixes = None,
    rate: Rate = 0,
    env: Env = "local",
    *,
    as_json: Json = False,
) -> None:
    """Let a new client in, and show its secret once."""
    secret = new_secret()
    (client,) = ask(
        env,
        "client.add",
        client_id=client_id,
        secret_hash=passwords.hashed(secret),
        prefixes=prefixes or [],
        rate=rate,
    )
    if as_json:
        emit({**client, "client_secret": secret})
    else:
        hand_over(client_id, secret)
