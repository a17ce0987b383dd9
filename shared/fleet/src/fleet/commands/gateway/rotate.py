"""fleet gateway client rotate: a new secret, and time to change over to it."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer
from function_kit import passwords

from fleet.commands.gateway.options import ClientId, ask, hand_over, new_secret
from fleet.commands.options import Env, Json
from fleet.console import console, emit
from fleet.errors import ExitCode, FleetError

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Keep = Annotated[
    str,
    typer.Option("--keep", help="How long the secret before stays good: 0s, 30m, 24h, 7d."),
]


def rotate(
    client_id: ClientId, keep: Keep = "24h", env: Env = "local", *, as_json: Json = False
) -> None:
    """Give a client a new secret, and show it once; the one before stays good for a while."""
    seconds = span(keep)
    secret = new_secret()
    (client,) = ask(
        env,
        "client.rotate",
        client_id=client_id,
        secret_hash=passwords.hashed(secret),
        keep_seconds=seconds,
    )
    if as_json:
        emit({**client, "client_secret": secret})
        return
    hand_over(client_id, secret)
    until = client["previous_until"]
    console.print(f"The secret before is good until {until}." if until else "No other is good.")


def span(text: str) -> int:
    """Seconds of a time such as `24h`; 31 days at most.

    Raises:
        FleetError: It is none.
    """
    found = re.fullmatch(r"(\d{1,8})([smhd])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else -1
    if not 0 <= seconds <= 31 * _UNITS["d"]:
        raise FleetError(
            f"{text} is no time to keep a secret for",
            "give a number and s, m, h or d, up to 31d: --keep 24h",
            ExitCode.USAGE,
        )
    return seconds
