"""Rows of the audit, and how they get into the table: each once, however often they are sent."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from lambda_action.database import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_action.database import Database
    from lambda_action.ports import Invocation

type Row = tuple[Any, ...]

# In the order of `row_of`, with the types that a binary COPY names.
_COLUMNS: Final = {
    "id": "uuid",
    "client_id": "text",
    "function_name": "varchar",
    "invocation_type": "varchar",
    "payload": "text",
    "alias": "text",
    "version": "text",
    "status_code": "int4",
    "response_payload": "text",
    "function_error": "text",
    "executed_version": "text",
    "request_id": "text",
    "success": "bool",
    "error_message": "text",
    "invoked_at": "timestamptz",
    "completed_at": "timestamptz",
}
_NAMES: Final = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
_COPY: Final = sql.SQL("COPY lambda_invocations ({}) FROM STDIN (FORMAT BINARY)").format(_NAMES)
_INSERT: Final = sql.SQL(
    "INSERT INTO lambda_invocations ({}) VALUES ({}) ON CONFLICT DO NOTHING"
).format(_NAMES, sql.SQL(", ").join([sql.Placeholder()] * len(_COLUMNS)))
_STATEMENT_SECONDS: Final = 5.0
# Characters. Of payloads, the settings say how many; what says whose row it is and how it went is
# short, and kept whatever they say.
_LONGEST_NAME: Final = 255
_LONGEST_TYPE: Final = 50
_LONGEST_ERROR: Final = 4096
_BAD_ROW: Final = (psycopg.DataError, psycopg.IntegrityError, TypeError, ValueError, OverflowError)
_SIZES: Final = (4, 8, 13)  # payload, response_payload, error_message


def row_of(invocation: Invocation, longest: int) -> Row:
    """The row of an invocation.

    Args:
        invocation: What happened.
        longest: Characters of each payload that are kept.
    """
    i = invocation
    return (
        _identity(), _text(i.client_id, _LONGEST_NAME), _text(i.function_name, _LONGEST_NAME),
        _text(i.invocation_type, _LONGEST_TYPE), _payload(i.payload, longest),
        _text(i.alias, _LONGEST_NAME), _text(i.version, _LONGEST_NAME), int(i.status_code),
        _payload(i.response_payload, longest), _text(i.function_error, _LONGEST_NAME),
        _text(i.executed_version, _LONGEST_NAME), _text(i.request_id, _LONGEST_NAME), i.success,
        _text(i.error_message, _LONGEST_ERROR), i.invoked_at, i.completed_at,
    )  # fmt: skip


def size_of(row: Row) -> int:
    """About how many bytes a row takes while it waits."""
    return 1000 + sum(len(row[column] or "") for column in _SIZES)


class Table:
    """The audit's table, over one connection that is opened again when it was lost."""

    def __init__(self, database: Database) -> None:
        """Open nothing yet."""
        self._database = database
        self._connection: psycopg.AsyncConnection | None = None

    async def write(self, rows: Sequence[Row], *, again: bool) -> list[Row]:
        """Store rows; when this returns, they are committed.

        Args:
            rows: Not more than a statement's time allows.
            again: Whether they were sent before, and may be there already.

        Returns:
            The rows that PostgreSQL will never take.

        Raises:
            DatabaseUnavailable: It could not be done now. Some of it may have been.
        """
        connection = await self._open()
        try:
            async with within(connection, _STATEMENT_SECONDS):
                await (_insert if again else _copy)(connection, rows)
        except _BAD_ROW as error:
            # A constraint may be one of the table's that is being changed this very moment.
            if isinstance(error, psycopg.IntegrityError) and not again:
                raise
            if len(rows) == 1:
                return list(rows)
        except BaseException:
            self.drop()
            raise
        else:
            return []
        half = len(rows) // 2
        refused = await self.write(rows[:half], again=again)
        return refused + await self.write(rows[half:], again=again)

    async def check(self) -> None:
        """See whether the table is there.

        Raises:
            DatabaseUnavailable: The database does not answer, or has no such table.
        """
        await self.write([], again=False)

    def drop(self) -> None:
        """Close the connection without a word to the server, which may be gone."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def _open(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await self._database.connect()
        return self._connection


async def _copy(connection: psycopg.AsyncConnection, rows: Sequence[Row]) -> None:
    async with connection.cursor().copy(_COPY) as copy:
        copy.set_types(list(_COLUMNS.values()))
        for row in rows:
            await copy.write_row(row)


async def _insert(connection: psycopg.AsyncConnection, rows: Sequence[Row]) -> None:
    async with connection.transaction():
        await connection.cursor().executemany(_INSERT, rows)


def _identity() -> uuid.UUID:
    """A UUID of version 7: in the order of time, so that the index grows at its end."""
    moment = time.time_ns() // 1_000_000
    number = (moment << 80) | int.from_bytes(os.urandom(10))
    number &= ~(0xF << 76) & ~(0x3 << 62)
    return uuid.UUID(int=number | (0x7 << 76) | (0x2 << 62))


def _payload(text: str | None, longest: int) -> str | None:
    if text is None:
        return None
    if len(text) > longest:
        return f"{_text(text, longest)}… ({len(text)} characters in all)"
    return _text(text, longest)


def _text(text: str, longest: int) -> str:
    """What PostgreSQL takes as text: no NUL, and nothing that UTF-8 does not know."""
    if text.isascii():
        return text[:longest].replace("\0", "\N{REPLACEMENT CHARACTER}")
    valid = text[:longest].encode("utf-8", "replace").decode()
    return valid.replace("\0", "\N{REPLACEMENT CHARACTER}")
