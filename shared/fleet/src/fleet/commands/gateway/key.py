"""fleet gateway key rotate: a new key for tokens, beside the one before."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit
from fleet.errors import ExitCode, FleetError

# Seconds for which a process of the gateway may sign with the key that it read before.
_LATE: Final = 300

Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Although tokens signed with the key before may be under way: they fail."
    ),
]


def rotate_key(env: Env = "local", *, force: Force = False, as_json: Json = False) -> None:
    """Sign tokens with a new key from now on; those of the key before stay good.

    The gateway's processes find the new key by themselves. Two keys are good at once, so the next
    change waits until every token of the key before the last has run out.
    """
    place = Workplace.of(env)
    gateway = place.terraform.outputs()["invoke_gateway"]
    client = place.environment.client("secretsmanager")
    name = gateway["signing_key_secret_arn"]
    current, changed = _present(client, name)
    lasting = timedelta(seconds=gateway["token_seconds"] + _LATE)
    free_at = changed + lasting if changed else None
    if free_at and free_at > datetime.now(UTC) and not force:
        raise FleetError(
            f"the key was changed at {changed:%Y-%m-%d %H:%M:%S} UTC; tokens of the one before it"
            f" are good until {free_at:%H:%M:%S}",
            "run it again then; --force changes the key now, and ends those tokens",
            ExitCode.REFUSED,
        )
    client.put_secret_value(SecretId=name, SecretString=json.dumps(_next(current)))
    console.print("tokens are signed with a new key; those of the key before stay good")
    if as_json:
        emit({"secret": name, "keys": 2 if current else 1})


def _next(current: str) -> dict[str, str]:
    """The secret's value: a new key, and the one before it if there was one."""
    made = {"current": secrets.token_urlsafe(64)}
    return {**made, "previous": current} if current else made


def _present(client: Any, name: str) -> tuple[str, datetime | None]:
    """The key that signs now, and when the one before it stopped to; empty if there is none."""
    try:
        found = client.get_secret_value(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        return "", None  # made by Terraform, without a value
    try:
        keys = json.loads(found["SecretString"])
        current = str(keys["current"])
    except (ValueError, KeyError, TypeError):
        return found["SecretString"].strip(), None  # the key itself, set by hand
    return current, found["CreatedDate"].astimezone(UTC) if keys.get("previous") else None
