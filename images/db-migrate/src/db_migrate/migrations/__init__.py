"""Migrations: SQL in `sql/`, and for each a revision in `versions/` that says what it follows.

They go forward only. A release before this one must work with the schema after this one, because
a roll back of functions leaves the schema as it is: add first, take away a release later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op

SQL: Final = Path(__file__).parent / "sql"


def run(name: str) -> None:
    """Run one file of `sql/`, which may hold many statements."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None  # noqa: S101 - there is one while a migration runs
    connection.execute((SQL / name).read_bytes())
