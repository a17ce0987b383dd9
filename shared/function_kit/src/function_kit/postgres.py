"""PostgreSQL from a function: one connection for an execution environment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from function_kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from function_kit.secrets import Secret

_WRONG_PASSWORD = ("28P01", "28000")


class DatabaseUnavailable(Exception):
    """PostgreSQL did not answer, or refused. The message says where and why in short."""


class Postgres:
    """A connection that is opened when first used, and again after it was cut."""

    def __init__(
        self,
        *,
        host: str,
        dbname: str,
        user: str,
        password: Secret,
        port: int = 5432,
        sslmode: str = "require",
        connect_timeout: int = 3,
        statement_timeout: float = 5.0,
        application_name: str = "function-kit",
    ) -> None:
        """Keep the address; nothing is opened yet."""
        self._address = f"{host}:{port}/{dbname}"
        self._password = password
        self._connection: psycopg.Connection | None = None
        self._options = {
            "host": host,
            "port": port,
            "dbname": dbname,
            "user": user,
            "sslmode": sslmode,
            "connect_timeout": connect_timeout,
            "application_name": application_name,
            "options": f"-c statement_timeout={int(statement_timeout * 1000)}",
        }

    def connection(self) -> psycopg.Connection:
        """The open connection, in autocommit mode, checked with one round trip."""
        raise NotImplementedError

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction: committed at the end, rolled back on an exception."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def check(self) -> None:
        """Raise `DatabaseUnavailable` unless the database answers; for smoke tests."""
        self.connection()

    def close(self) -> None:
        """Close the connection; the next use opens another."""
