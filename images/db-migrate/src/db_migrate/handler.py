"""Brings the schema up to date (`{"action": "migrate"}`) or says how it is (`"status"`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

# First: it prepares a fast start for the imports below.
from function_kit.database import database
from function_kit.handler import lambda_handler
from function_kit.logging import get_logger
from function_kit.secrets import Secret
from pydantic import BaseModel, ConfigDict

from db_migrate.settings import MigrateSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.postgres import Postgres

SERVICE = "db-migrate"


class Request(BaseModel):
    """What to do.

    Attributes:
        action: `migrate` changes the schema, `status` only looks.
    """

    model_config = ConfigDict(extra="forbid")

    action: Literal["migrate", "status"]


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
def _app_secret(arn: str) -> Secret:
    return Secret(f"secretsmanager:{arn}")


def _checks(settings: MigrateSettings) -> dict[str, Callable[[], None]]:
    checks = {"database": _postgres(settings).check}
    if settings.db_app_secret_arn:
        secret = _app_secret(settings.db_app_secret_arn)

        def readable() -> None:
            secret.refresh()

        checks["login of functions"] = readable
    return checks


@lambda_handler(service=SERVICE, settings=MigrateSettings, checks=_checks)
def handler(event: dict[str, Any], _context: Any, settings: MigrateSettings) -> dict[str, Any]:
    """Bring the schema up to date, or say how it is.

    Args:
        event: See `Request`.
        _context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        `{"action", "applied": [revision, …], "pending": [revision, …], "revision"}`: what this
        run applied, what is still to be applied, and where the schema is now.

    Raises:
        ValidationError: The event is not valid.
        DatabaseUnavailable: The database does not answer.
        MigrationRunning: Another run did not end in time.
        MigrationFailed: A migration failed; the schema is as it was before.
        MigrationUnknown: The schema is newer than this image: an older release of it runs.
    """
    # Alembic and SQLAlchemy are slow to import, and a smoke test needs neither.
    from db_migrate import schema  # noqa: PLC0415

    request = Request.model_validate(event)
    postgres = _postgres(settings)
    if request.action == "status":
        return {"action": "status", "applied": [], **schema.status(postgres)}
    app = _app_secret(settings.db_app_secret_arn) if settings.db_app_secret_arn else None
    applied = schema.migrate(postgres, settings, app)
    get_logger().info("schema_migrated", applied=applied)
    return {"action": "migrate", "applied": applied, **schema.status(postgres)}
