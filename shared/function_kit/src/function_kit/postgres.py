"""PostgreSQL from a function: one connection for an execution environment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from function_kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from function_kit.secrets import Secret

# invalid_password, invalid_authorization_specification
_REFUSED_LOGIN = ("28P01", "28000")
_LOGIN_WORDS = "authentication failed"


class DatabaseUnavailable(Exception):  # noqa: N818 - says what is, as psycopg's own errors do
    """PostgreSQL did not answer or refused. The message says where and in short why."""


class Postgres:
    """A connection that is opened when first used, checked, and opened again after it was cut.

    Not for use by several threads at once: Lambda runs one invocation at a time.
    """

    def __init__(  # noqa: PLR0913 - an address has many parts, and all have names
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
        """Keep the address; nothing is opened yet.

        Args:
            host: The server, or the folder of its Unix socket.
            dbname: The database.
            user: The role to log in as.
            password: Asked when a connection is opened, and refreshed when it was refused.
            port: The server's port.
            sslmode: libpq's; "require" encrypts, "verify-full" also checks who answers.
            connect_timeout: Seconds until a server that is silent counts as away (2 at least).
            statement_timeout: Seconds after which the server ends a statement.
            application_name: Shown in pg_stat_activity.
        """
        self._address = f"{host}:{port}/{dbname}"
        self._password = password
        self._connection: psycopg.Connection | None = None
        self._parameters: dict[str, Any] = {
            "host": host,
            "port": port,
            "dbname": dbname,
            "user": user,
            "sslmode": sslmode,
            "connect_timeout": connect_timeout,
            "application_name": application_name,
            "options": f"-c statement_timeout={round(statement_timeout * 1000)}",
            # A server that vanished without a word is noticed in seconds, not in minutes.
            "tcp_user_timeout": connect_timeout * 1000,
        }

    def connection(self) -> psycopg.Connection:
        """The open connection, in autocommit mode.

        A connection left from an earlier invocation is checked with one round trip, and replaced
        when it does not answer.

        Raises:
            DatabaseUnavailable: No connection can be opened.
            SecretError: The password cannot be read.
        """
        if self._connection is None or not _answers(self._connection):
            self.close()
            self._connection = self._open()
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction: committed at the end, rolled back on an exception.

        Raises:
            DatabaseUnavailable: No connection can be opened, or it was cut on the way. Whether
                a commit that was cut took effect is not known.
        """
        connection = self.connection()
        try:
            with connection.transaction():
                yield connection
        except psycopg.OperationalError as error:
            if not connection.broken:
                raise  # a statement that failed, such as one that took too long
            self.close()
            raise self._unavailable("the connection was cut") from error

    def check(self) -> None:
        """For smoke tests: see whether the database answers.

        Raises:
            DatabaseUnavailable: It does not.
        """
        self.connection()

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection:
        try:
            return self._connect(self._password.get())
        except psycopg.OperationalError as error:
            if not _is_refused_login(error):
                raise self._unavailable(_reason(error)) from None
        # The password may have been rotated since it was read.
        get_logger().warning("database_login_refused", database=self._address)
        try:
            return self._connect(self._password.refresh())
        except psycopg.OperationalError as error:
            raise self._unavailable(_reason(error)) from None

    def _connect(self, password: str) -> psycopg.Connection:
        return psycopg.connect(autocommit=True, password=password, **self._parameters)

    def _unavailable(self, reason: str) -> DatabaseUnavailable:
        return DatabaseUnavailable(f"PostgreSQL at {self._address} is unavailable: {reason}")


def _answers(connection: psycopg.Connection) -> bool:
    """Whether the connection is idle and the server still at its other end."""
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return False  # left in the middle of something: not to be trusted with the next
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True


def _is_refused_login(error: psycopg.OperationalError) -> bool:
    # While connecting, psycopg has the server's words but not always its code.
    return error.sqlstate in _REFUSED_LOGIN or _LOGIN_WORDS in str(error)


def _reason(error: psycopg.OperationalError) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
