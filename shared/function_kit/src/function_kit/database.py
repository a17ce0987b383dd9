"""The fleet's PostgreSQL: where it is, how to log in, and whom to trust.

A function's settings inherit from `DatabaseSettings`, and `database` makes its connection of them.
"""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator

from function_kit import redaction
from function_kit.aws_errors import AwsError
from function_kit.postgres import DatabaseUnavailable, Login, Logins, Postgres
from function_kit.secrets import Secret, SecretError
from function_kit.settings import Settings
from function_kit.signed_api import region
from function_kit.sigv4 import Credentials, Signer

# Seconds for which RDS takes an authentication token; a connection made with it lives on.
_TOKEN_SECONDS: Final = 900
_PEM: Final = "-----BEGIN CERTIFICATE-----"


class DatabaseSettings(Settings):
    """Where the database is. Either a secret with a password, or IAM database authentication.

    Attributes:
        db_secret_arn: `DB_SECRET_ARN`, a Secrets Manager secret: a JSON object with `username`
            and `password`, and `host`, `port`, `dbname` where the variables below do not say.
        db_endpoint: `DB_ENDPOINT`, the host. Without `DB_SECRET_ARN` the function logs in with a
            token that its role's credentials sign (`rds-db:connect`).
        db_port: `DB_PORT`.
        db_name: `DB_NAME`.
        db_user: `DB_USER`.
        db_ca: `DB_CA`, who may vouch for the server's name: `rds` (Amazon's authorities for RDS,
            in this package), `system`, a file's path, or certificates in PEM form.
        db_idle_seconds: `DB_IDLE_SECONDS`, after which the server takes an unused connection back.
    """

    db_secret_arn: str | None = None
    db_name: str | None = None
    db_user: str | None = None
    db_port: Annotated[int | None, Field(ge=1, le=65535)] = None
    db_ca: str = "rds"
    db_idle_seconds: Annotated[float, Field(gt=0)] = 60.0
    db_endpoint: Annotated[str | None, Field(validate_default=True)] = None

    @field_validator("db_endpoint")
    @classmethod
    def _is_enough(cls, endpoint: str | None, info: ValidationInfo) -> str | None:
        """Refuse settings that no login can be made of."""
        if not info.data.get("db_secret_arn") and not (
            endpoint and info.data.get("db_name") and info.data.get("db_user")
        ):
            raise ValueError("set DB_SECRET_ARN, or DB_ENDPOINT with DB_NAME and DB_USER")
        return endpoint


class SecretLogins:
    """A user and password from a secret."""

    def __init__(self, secret: Secret, defaults: DatabaseSettings) -> None:
        """Read `secret` when needed; what `defaults` says of the address comes before it."""
        self._secret = secret
        self._defaults = defaults

    def get(self) -> Login:
        """The login as the secret was when last read, five minutes ago at most."""
        return self._login(self._secret.get)

    def refresh(self) -> Login:
        """The login as the secret is now."""
        return self._login(self._secret.refresh)

    def _login(self, read: Any) -> Login:
        try:
            fields = _fields(read())
        except SecretError as error:
            raise DatabaseUnavailable(str(error)) from None
        redaction.register(fields.get("password", ""))
        given = self._defaults
        login = Login(
            host=given.db_endpoint or fields.get("host", ""),
            port=given.db_port or int(fields.get("port", 5432)),
            dbname=given.db_name or fields.get("dbname", ""),
            user=given.db_user or fields.get("username", ""),
            password=fields.get("password", ""),
        )
        missing = [name for name in login._fields if not getattr(login, name)]
        if missing:
            raise DatabaseUnavailable(f"neither the secret nor DB_… says: {', '.join(missing)}")
        return login


class IamLogins:
    """A token in place of a password, signed for each connection with the role's credentials."""

    def __init__(self, host: str, port: int, dbname: str, user: str) -> None:
        """Log `user` in to `dbname`. RDS knows the token's host: it must be RDS's own name."""
        self._login = Login(host, port, dbname, user, "")

    def get(self) -> Login:
        """The login with a fresh token."""
        try:
            credentials = Credentials.from_environment()
        except AwsError as error:
            raise DatabaseUnavailable(str(error)) from None
        host, port, _, user, _ = self._login
        query = Signer("rds-db", region(), credentials).presigned_query(
            "GET",
            f"{host}:{port}",
            "/",
            _TOKEN_SECONDS,
            {"Action": "connect", "DBUser": user},
        )
        return self._login._replace(password=f"{host}:{port}/?{query}")

    refresh = get


def database(
    settings: DatabaseSettings,
    *,
    statement_timeout: float,
    application_name: str,
    connect_timeout: int = 2,
    patience: float = 0.5,
) -> Postgres:
    """The connection to the fleet's database; nothing is opened yet.

    The worst that one use takes is half a second to see that an old connection is dead,
    `connect_timeout` or `patience` for a new one, and `statement_timeout` and half a second.

    Args:
        settings: Where it is.
        statement_timeout: Seconds; choose it below the function's own timeout.
        application_name: The function's name, for pg_stat_activity.
        connect_timeout: Seconds, 2 at least; see `Postgres`.
        patience: Seconds; see `Postgres`.
    """
    return Postgres(
        logins(settings),
        sslmode="verify-full",
        sslrootcert=authorities(settings.db_ca),
        connect_timeout=connect_timeout,
        patience=patience,
        statement_timeout=statement_timeout,
        idle_timeout=settings.db_idle_seconds,
        application_name=application_name,
    )


def logins(settings: DatabaseSettings) -> Logins:
    """How to log in to the fleet's database, for who connects in a way of its own."""
    if settings.db_secret_arn:
        secret = Secret(f"secretsmanager:{settings.db_secret_arn}")
        secret.prepare()
        return SecretLogins(secret, settings)
    return IamLogins(
        settings.db_endpoint or "",
        settings.db_port or 5432,
        settings.db_name or "",
        settings.db_user or "",
    )


def _fields(text: str) -> dict[str, str]:
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        return {str(name): str(value) for name, value in fields.items()}
    # Raised out here, so that the parser's error with the text in it is not its context.
    raise DatabaseUnavailable("the database's secret is not a JSON object")


@cache
def authorities(given: str) -> str:
    """The file of certificates that `DB_CA` means."""
    if given == "rds":
        return str(resources.files("function_kit") / "rds-ca.pem")
    if given == "system":
        return os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or "system"
    if _PEM not in given:
        return given
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        # libpq reads certificates from files alone.
        file.write(given)
    return file.name
