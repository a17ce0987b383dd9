"""What an operator may have done with clients: `fleet gateway client` invokes the function.

A secret never comes here, only its hash: `fleet` makes it, shows it once, and sends what is stored.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import psycopg
from function_kit.database import database
from function_kit.logging import get_logger
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

if TYPE_CHECKING:
    from lambda_action.settings import GatewaySettings

type ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
type Hash = Annotated[str, StringConstraints(pattern=r"^scrypt\$[\w$-]{40,200}$")]
type Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

_SHOWN = """
    client_id, prefixes, rate, created_at, rotated_at, revoked_at,
    CASE WHEN previous_until > now() THEN previous_until END AS previous_until
"""
_LIST = f"SELECT {_SHOWN} FROM gateway_clients ORDER BY client_id"  # noqa: S608 - ours
_ADD = f"""
    INSERT INTO gateway_clients (client_id, secret_hash, prefixes, rate)
    VALUES (%(client_id)s, %(secret_hash)s, %(prefixes)s, %(rate)s)
    RETURNING {_SHOWN}
"""  # noqa: S608 - the same
_ROTATE = f"""
    UPDATE gateway_clients SET previous_hash = secret_hash, secret_hash = %(secret_hash)s,
        previous_until = now() + make_interval(secs => %(keep_seconds)s), rotated_at = now()
    WHERE client_id = %(client_id)s AND revoked_at IS NULL
    RETURNING {_SHOWN}
"""  # noqa: S608 - the same
_REVOKE = f"""
    UPDATE gateway_clients SET revoked_at = coalesce(revoked_at, now()),
        previous_hash = NULL, previous_until = NULL
    WHERE client_id = %(client_id)s
    RETURNING {_SHOWN}
"""  # noqa: S608 - the same


class ClientExists(Exception):  # noqa: N818 - reaches callers as the error's type
    """A client of that name is there, or was: names are not given twice."""


class ClientUnknown(Exception):  # noqa: N818 - the same
    """There is no client of that name, or none that was not revoked."""


class _Order(BaseModel):
    # An operator comes rarely, and a start is not to wait for the models of what is asked then.
    model_config = ConfigDict(extra="forbid", defer_build=True)


class List(_Order):
    """Show all clients."""

    gateway: Literal["client.list"]


class Add(_Order):
    """Let a new client in; `rate` in requests a second, 0 is no limit."""

    gateway: Literal["client.add"]
    client_id: ClientId
    secret_hash: Hash
    prefixes: Annotated[list[Prefix], Field(max_length=50)] = []
    rate: Annotated[float, Field(ge=0, le=100_000)] = 0


class Rotate(_Order):
    """Give a client a new secret; the one before is good for `keep_seconds` more."""

    gateway: Literal["client.rotate"]
    client_id: ClientId
    secret_hash: Hash
    keep_seconds: Annotated[float, Field(ge=0, le=31 * 86_400)] = 86_400


class Revoke(_Order):
    """Shut a client out, for good."""

    gateway: Literal["client.revoke"]
    client_id: ClientId


_STATEMENTS: dict[type[_Order], str] = {List: _LIST, Add: _ADD, Rotate: _ROTATE, Revoke: _REVOKE}


@cache
def _orders() -> TypeAdapter[List | Add | Rotate | Revoke]:
    return TypeAdapter(Annotated[List | Add | Rotate | Revoke, Field(discriminator="gateway")])


def handle(event: dict[str, Any], settings: GatewaySettings) -> dict[str, Any]:
    """Do what an operator asks.

    Args:
        event: `{"gateway": "client.add" | "client.rotate" | "client.revoke" | "client.list", …}`.
        settings: Where the database is.

    Returns:
        `{"clients": [{client_id, prefixes, rate, created_at, …}]}`: those that were asked for, or
        the one that was changed.

    Raises:
        ValidationError: The event is not one of these.
        ClientExists: Of `client.add`.
        ClientUnknown: Of `client.rotate` and `client.revoke`.
        DatabaseUnavailable: The database does not answer.
    """
    order = _orders().validate_python(event)
    rows = _run(order, settings)
    client_id = getattr(order, "client_id", None)
    if client_id is not None:
        if not rows:
            raise ClientUnknown(f"there is no client {client_id}, or it was revoked")
        get_logger().info("client_changed", change=order.gateway, client_id=client_id)
    return {"clients": [_shown(row) for row in rows]}


def _run(order: _Order, settings: GatewaySettings) -> list[dict[str, Any]]:
    postgres = database(settings, statement_timeout=5, application_name="lambda-action-admin")
    try:
        with postgres.use() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return cursor.execute(_STATEMENTS[type(order)].encode(), order.model_dump()).fetchall()
    except psycopg.errors.UniqueViolation:
        name = order.model_dump()["client_id"]
        raise ClientExists(f"there is a client {name}, or was: choose another name") from None
    finally:
        postgres.close()


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON: times in ISO 8601."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }
