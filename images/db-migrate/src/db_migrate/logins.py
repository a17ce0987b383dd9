"""How functions log in: the role of the migrations, and what lets it in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from psycopg import sql

if TYPE_CHECKING:
    import psycopg
    from function_kit.secrets import Secret

APP: Final = "fleet_app"
# What the invoke gateway logs in as: its tables are its own.
GATEWAY: Final = "fleet_gateway"
# RDS makes this role, whose members log in with a token of IAM in place of a password.
_RDS_IAM: Final = "rds_iam"


class LoginSecretInvalid(Exception):  # noqa: N818 - reaches callers as the error's type
    """A secret with a login is not a JSON object with a password."""


def ensure(connection: psycopg.Connection, role: str, secret: Secret | None) -> None:
    """Let a role in: by IAM where the server knows it, else by the secret's password.

    Every run sets the password anew, so that a changed secret is taken over by the next run. It
    travels as the hash that the server keeps, and is in no statement and no server's log.

    Args:
        connection: In the transaction of the migrations.
        role: `APP` or `GATEWAY`.
        secret: None for IAM authentication.

    Raises:
        LoginSecretInvalid: The secret has no password.
    """
    login = sql.Identifier(role)
    if secret is None:
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(_RDS_IAM), login))
        return
    password = _password(secret.refresh())
    hashed = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(login, sql.Literal(hashed))
    )


def _password(text: str) -> str:
    try:
        found = json.loads(text).get("password")
    except (ValueError, AttributeError):
        found = None
    if isinstance(found, str) and found:
        return found
    # Raised out here, so that the parser's error with the text in it is not its context.
    raise LoginSecretInvalid("a login's secret must be a JSON object with a password")
