"""The `monitors` table: its schema, and rows to put into it.

The columns carry no checks and may be null, as in a table that grew over the years, so that
malformed rows can be stored: a function must live with them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import psycopg

TABLE = "monitors"
SCHEMA = """
CREATE TABLE IF NOT EXISTS monitors (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id uuid,
    repo text,
    delivery_method text,
    webhook_url text,
    email text,
    frequency text,
    created_at timestamptz DEFAULT now(),
    is_private boolean DEFAULT false,
    created_by text,
    deleted boolean DEFAULT false,
    deleted_at timestamptz
);
CREATE INDEX IF NOT EXISTS monitors_due ON monitors (frequency, id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS monitors_deleted ON monitors (deleted_at) WHERE deleted;
"""


def create(connection: psycopg.Connection[Any]) -> None:
    """Create the table unless it is there."""
    connection.execute(SCHEMA)


def clear(connection: psycopg.Connection[Any]) -> None:
    """Take every row out."""
    connection.execute("TRUNCATE monitors")


def insert(connection: psycopg.Connection[Any], rows: Iterable[Mapping[str, Any]]) -> int:
    """Add rows as they are, valid or not; columns that a row leaves out get their default.

    Args:
        connection: To the database.
        rows: Values by column name. Timestamps are ISO 8601 texts or aware datetimes.

    Returns:
        How many rows were added.
    """
    count = 0
    for columns, group in _by_columns(rows).items():
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        # PostgreSQL reads the values, by the columns' types, from one JSON text: one statement
        # for thousands of rows.
        statement = sql.SQL(
            "INSERT INTO monitors ({names}) SELECT {names}"
            " FROM json_populate_recordset(NULL::monitors, %s::json)"
        ).format(names=names)
        count += connection.execute(statement, [json.dumps(group, default=str)]).rowcount
    return count


def _by_columns(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(dict(row))
    return groups
