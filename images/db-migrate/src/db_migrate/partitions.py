"""The months of the invoke gateway's audit: made ahead of time, dropped when they are old.

Rows that came before their month was made are in the default partition, and move when it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from datetime import datetime

    from function_kit.postgres import Postgres

TABLE: Final = "lambda_invocations"
# A month is there for weeks before it begins: the job may fail for that long.
_AHEAD: Final = 2
_TABLE: Final = sql.Identifier(TABLE)
_DEFAULT: Final = sql.Identifier(f"{TABLE}_default")
_STATEMENTS: Final = (
    "CREATE TABLE {month} (LIKE {table} INCLUDING DEFAULTS)",
    # Its rows, which came too early.
    """
    WITH moved AS (
        DELETE FROM {default} WHERE invoked_at >= {start} AND invoked_at < {end} RETURNING *
    )
    INSERT INTO {month} SELECT * FROM moved
    """,
    "ALTER TABLE {table} ATTACH PARTITION {month} FOR VALUES FROM ({start}) TO ({end})",
)


class AuditMissing(Exception):  # noqa: N818 - a finding, reaches callers as the error's type
    """The audit's table is not there: the migration that makes it has not run."""


class PartitionInUse(Exception):  # noqa: N818 - the same
    """A partition was in use for too long; nothing was changed, and trying again may help."""


class Month(NamedTuple):
    """A month of a year, in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month that an aware moment in UTC is in."""
        return cls(moment.year, moment.month)

    @classmethod
    def named(cls, partition: str) -> Self | None:
        """The month that a partition's name says; None when it says none."""
        digits = partition.removeprefix(f"{TABLE}_")
        if len(digits) != len("202601") or not digits.isdecimal():
            return None
        return cls(int(digits[:4]), int(digits[4:]))

    @property
    def partition(self) -> str:
        """What its partition is called."""
        return f"{TABLE}_{self.year:04d}{self.month:02d}"

    @property
    def start(self) -> str:
        """Its first moment, for PostgreSQL."""
        return f"{self.year:04d}-{self.month:02d}-01T00:00:00Z"

    def plus(self, months: int) -> Month:
        """The month that many months later, or earlier."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)


def maintain(
    postgres: Postgres, now: datetime, keep_months: int, lock_timeout: float
) -> dict[str, list[str]]:
    """Make the months to come, and drop those that are too old; all of it or nothing.

    Args:
        postgres: The database.
        now: In UTC.
        keep_months: Full months that are kept before the present one.
        lock_timeout: Seconds to wait for a table that is in use.

    Returns:
        `created` and `dropped`, names of partitions.

    Raises:
        AuditMissing: There is no such table yet.
        PartitionInUse: A table was in use for longer.
        DatabaseUnavailable: The database does not answer.
    """
    try:
        with postgres.transaction() as connection:
            wait = f"{round(lock_timeout * 1000)}ms"
            connection.execute(f"SET LOCAL lock_timeout = '{wait}'".encode())
            return _maintain(connection, Month.of(now), keep_months)
    except psycopg.errors.LockNotAvailable as error:
        raise PartitionInUse(
            f"the audit's tables are in use: {error.diag.message_primary}"
        ) from None


def _maintain(
    connection: psycopg.Connection, present: Month, keep_months: int
) -> dict[str, list[str]]:
    there = _existing(connection)
    # Writers wait until this is done. One under way might otherwise have been sent to the default
    # partition for a month that is made meanwhile, and be refused there.
    connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(_TABLE))
    oldest = present.plus(-keep_months)
    wanted = {present.plus(number) for number in range(_AHEAD + 1)} | _stray(connection)
    created = sorted(wanted - there)
    for month in created:
        _create(connection, month)
    dropped = sorted(month for month in there | wanted if month < oldest)
    for month in dropped:
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(month.partition)))
    return {
        "created": [month.partition for month in created],
        "dropped": [month.partition for month in dropped],
    }


def _existing(connection: psycopg.Connection) -> set[Month]:
    """The months that have a partition."""
    found = connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()
    if found == (None,):
        raise AuditMissing(f"there is no table {TABLE}: run the migrations first")
    rows = connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass",
        [TABLE],
    )
    months = (Month.named(name) for (name,) in rows)
    return {month for month in months if month is not None}


def _stray(connection: psycopg.Connection) -> set[Month]:
    """The months of the rows that came before their partition was made."""
    month = sql.SQL(
        "SELECT DISTINCT extract(year FROM invoked_at AT TIME ZONE 'UTC')::int,"
        " extract(month FROM invoked_at AT TIME ZONE 'UTC')::int FROM {}"
    )
    rows = connection.execute(month.format(_DEFAULT))
    return {Month(year, month) for year, month in rows}


def _create(connection: psycopg.Connection, month: Month) -> None:
    """Make a month's partition with its rows, and attach it when they are there."""
    names = {
        "month": sql.Identifier(month.partition),
        "table": _TABLE,
        "default": _DEFAULT,
        "start": sql.Literal(month.start),
        "end": sql.Literal(month.plus(1).start),
    }
    for statement in _STATEMENTS:
        connection.execute(sql.SQL(statement).format(**names))
