"""Applying migrations: one run at a time, each run wholly or not at all.

Alembic keeps the migrations' order and records where a schema is. A run's changes and its record
are one transaction, so whatever ends it in the middle, the schema is as it was before.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from function_kit import postgres_errors
from sqlalchemy.pool import StaticPool

from db_migrate import logins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from function_kit.postgres import Postgres
    from function_kit.secrets import Secret

    from db_migrate.settings import MigrateSettings

FOLDER: Final = Path(__file__).parent / "migrations"
# An advisory lock is a number; any will do that nobody else in this database uses.
LOCK: Final = 0x666C656574
_POLL: Final = 0.25


class MigrationRunning(Exception):  # noqa: N818 - a finding, reaches callers as the error's type
    """Another run is under way, and did not end in time; the message says since when."""


class MigrationFailed(Exception):  # noqa: N818 - the same
    """A migration failed, and the schema is as it was; the message says which and why."""


class MigrationUnknown(Exception):  # noqa: N818 - the same
    """The schema has a migration that this image does not: a newer release made it."""


def status(postgres: Postgres, folder: Path = FOLDER) -> dict[str, Any]:
    """Where the schema is.

    Args:
        postgres: The database.
        folder: The migrations.

    Returns:
        `revision` (None before the first) and `pending`, oldest first.

    Raises:
        MigrationUnknown: The schema is newer than `folder`.
    """
    with _engine(postgres.connection()) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return {"revision": found, "pending": _between(folder, found)}


def migrate(
    postgres: Postgres,
    settings: MigrateSettings,
    app: Secret | None,
    folder: Path = FOLDER,
    *,
    gateway: Secret | None = None,
) -> list[str]:
    """Apply what is pending, and give functions their login.

    Args:
        postgres: The database.
        settings: How long to wait for what.
        app: The secret with the password of functions; None for IAM authentication.
        folder: The migrations.
        gateway: The same for the invoke gateway; None besides an `app` leaves it shut out.

    Returns:
        The revisions applied, oldest first.

    Raises:
        MigrationRunning: Another run did not end in time.
        MigrationFailed: A migration failed; nothing of this run is left.
        MigrationUnknown: The schema is newer than `folder`.
    """
    connection = postgres.connection()
    # Else a server that is busy with a statement would keep the lock for a run that is dead.
    connection.execute("SET client_connection_check_interval = '2s'")
    with _alone(connection, settings.lock_wait_seconds):
        pending: list[str] = status(postgres, folder)["pending"]
        try:
            with _engine(connection) as engine, engine.begin():
                wait = f"{round(settings.lock_timeout_seconds * 1000)}ms"
                engine.execute(sqlalchemy.text(f"SET LOCAL lock_timeout = '{wait}'"))
                _upgrade(engine, folder)
                logins.ensure(connection, logins.APP, app)
                if gateway is not None or app is None:
                    logins.ensure(connection, logins.GATEWAY, gateway)
        except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            raise MigrationFailed(_reason(error, pending, cut=bool(connection.closed))) from None
    return pending


@contextmanager
def _alone(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """Hold the lock of migrations, which ends with the connection whatever happens."""
    deadline = time.monotonic() + seconds
    while not _take(connection):
        if time.monotonic() >= deadline:
            raise MigrationRunning(_who(connection))
        time.sleep(_POLL)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _take(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    return row == (True,)


def _who(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "SELECT a.pid, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted"
        " AND (l.classid::bigint << 32) + l.objid::bigint = %s",
        [LOCK],
    ).fetchone()
    since = f" (server process {row[0]}, connected {row[1]:%Y-%m-%d %H:%M:%S%z})" if row else ""
    return f"another migration is under way{since}; try again when it has ended"


@contextmanager
def _engine(connection: psycopg.Connection) -> Iterator[sqlalchemy.Connection]:
    """SQLAlchemy over the connection that we have, which stays open afterwards."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
    )
    # SQLAlchemy makes its transactions itself.
    connection.autocommit = False
    try:
        with engine.connect() as connected:
            yield connected
    finally:
        if not connection.closed:
            connection.rollback()
            connection.autocommit = True


def _upgrade(connection: sqlalchemy.Connection, folder: Path) -> None:
    config = _config(folder)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _between(folder: Path, current: str | None) -> list[str]:
    scripts = ScriptDirectory.from_config(_config(folder))
    try:
        found = [each.revision for each in scripts.iterate_revisions("head", current or "base")]
    except RevisionError:
        raise MigrationUnknown(
            f"the schema is at {current}, which this image does not know: release the image that"
            " made it, or a newer one"
        ) from None
    return found[::-1]


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _reason(error: Exception, pending: list[str], *, cut: bool) -> str:
    known = "the schema is as it was"
    if cut:
        # It may have been cut after the server had committed.
        known = "the connection was cut, so ask for the status; to run it again does no harm"
    return f"{known}; of {', '.join(pending) or 'no migration'}: {_cause(error)}"


def _cause(error: Exception) -> str:
    """What went wrong, with nothing of a row: it goes into logs and reports of releases."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, psycopg.Error):
        return type(cause).__name__
    code = f" ({cause.sqlstate})" if cause.sqlstate else ""
    return " ".join(postgres_errors.reason(cause).split()) + code
