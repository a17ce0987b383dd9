"""Brings the schema up to date (`{"action": "migrate"}`) or says how it is (`"status"`).

Each night it makes and drops months of the invoke gateway's audit (`"partitions"`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

# First: it prepares a fast start for the imports below.
from function_kit.database import database
from function_kit.handler import lambda_handler
from function_kit.logging import get_logger
from function_kit.secrets import Secret
from pydantic import BaseModel, ConfigDict

from db_migrate.partitions import maintain
from db_migrate.settings import MigrateSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.postgres import Postgres

SERVICE = "db-migrate"


class Request(BaseModel):
    """What to do.

    Attributes:
        action: `migrate` changes the schema, `status` only looks, `partitions` is for the audit.
    """

    model_config = ConfigDict(extra="forbid")

    action: Literal["migrate", "partitions", "status"]


@cache
def _postgres(settings: MigrateSettings) -> Postgres:
    return database(
        settings,
        statement_timeout=settings.statement_timeout_seconds,
        application_name=SERVICE,
        connect_timeout=5,
        patience=20,
    )


@cache
def _login(arn: str | None) -> Secret | None:
    return Secret(f"secretsmanager:{arn}") if arn else None


def _checks(settings: MigrateSettings) -> dict[str, Callable[[], None]]:
    checks = {"database": _postgres(settings).check}
    for name, arn in (
        ("login of functions", settings.db_app_secret_arn),
        ("login of the gateway", settings.db_gateway_secret_arn),
    ):
        if secret := _login(arn):
            checks[name] = partial(_readable, secret)
    return checks


def _readable(secret: Secret) -> None:
    secret.refresh()


@lambda_handler(service=SERVICE, settings=MigrateSettings, checks=_checks)
def handler(event: dict[str, Any], _context: Any, settings: MigrateSettings) -> dict[str, Any]:
    """Bring the schema up to date, or say how it is.

    Args:
        event: See `Request`.
        _context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `{"action", "applied": [revision, …], "pending": [revision, …], "revision"}`: what this
        run applied, what is still to be applied, and where the schema is now. Of `partitions`
        `{"action", "created", "dropped"}`.

    Raises:
        ValidationError: The event is not valid.
        DatabaseUnavailable: The database does not answer.
        MigrationRunning: Another run did not end in time.
        MigrationFailed: A migration failed; the schema is as it was before.
        MigrationUnknown: The schema is newer than this image: an older release of it runs.
        AuditMissing: `partitions` without the audit's table.
        PartitionInUse: The audit's tables were in use for too long.
    """
    request = Request.model_validate(event)
    postgres = _postgres(settings)
    if request.action == "partitions":
        done = maintain(
            postgres, datetime.now(UTC), settings.audit_keep_months, settings.lock_timeout_seconds
        )
        get_logger().info("audit_partitions_maintained", **done)
        return {"action": "partitions", **done}
    # Alembic and SQLAlchemy are slow to import, and a smoke test needs neither.
    from db_migrate import schema  # noqa: PLC0415

    if request.action == "status":
        return {"action": "status", "applied": [], **schema.status(postgres)}
    applied = schema.migrate(
        postgres,
        settings,
        _login(settings.db_app_secret_arn),
        gateway=_login(settings.db_gateway_secret_arn),
    )
    get_logger().info("schema_migrated", applied=applied)
    return {"action": "migrate", "applied": applied, **schema.status(postgres)}
