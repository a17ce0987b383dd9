"""PostgreSQL from a function: one connection for an execution environment."""

from __future__ import annotations

import logging
import math
import random
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import psycopg
from psycopg.pq import TransactionStatus

from function_kit import postgres_errors
from function_kit.deadline import Deadline
from function_kit.logging import get_logger
from function_kit.postgres_errors import DatabaseUnavailable
from function_kit.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DatabaseUnavailable", "Login", "Logins", "Postgres"]

# Seconds: how long a connection left from an earlier invocation may take to prove that it lives,
# and how much later than the server's own timeout the client gives up.
_CHECK: Final = 0.5
_GRACE: Final = 0.5
# Seconds until one of few connections is asked for again: this long at most for the first time,
# and twice as long each time after. Random, so that many do not march in step.
_PAUSE: Final = 0.2
# Seconds for callers to wait: for one of few connections, and for a server.
_CROWDED: Final = 2
_AWAY: Final = 5


# Its warnings repeat what the server says of a failed statement, rows among it.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)


class Login(NamedTuple):
    """Where to connect, and as whom."""

    host: str
    port: int
    dbname: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Nothing of the password."""
        return f"Login({self.address})"

    @property
    def address(self) -> str:
        """Where, for people."""
        return f"{self.host}:{self.port}/{self.dbname}"


class Logins(Protocol):
    """Gives the login for each connection; `function_kit.database` has them."""

    def get(self) -> Login:
        """The login, from a cache if there is one.

        Raises:
            DatabaseUnavailable: It cannot be found out.
        """
        ...

    def refresh(self) -> Login:
        """The login, anew, because the one before was refused.

        Raises:
            DatabaseUnavailable: It cannot be found out.
        """
        ...


class Postgres:
    """A connection that is opened when first used, checked, and opened again after it was cut.

    Not for use by several threads at once: Lambda runs one invocation at a time.
    """

    def __init__(  # noqa: PLR0913 - each has a name and most a default
        self,
        logins: Logins,
        *,
        sslmode: str = "require",
        sslrootcert: str | None = None,
        connect_timeout: int = 2,
        patience: float = 0.5,
        statement_timeout: float = 5.0,
        idle_timeout: float = 60.0,
        application_name: str = "function-kit",
    ) -> None:
        """Keep how to connect; nothing is opened yet.

        Args:
            logins: Asked when a connection is opened.
            sslmode: libpq's; "require" encrypts, "verify-full" also checks who answers.
            sslrootcert: The file with the authorities to trust; libpq's default without it.
            connect_timeout: Seconds until a server that is silent counts as away (2 at least).
            patience: Seconds for which a server without a free connection, or one that is about
                to start, is asked again. A connection that was waited for is given back at once.
            statement_timeout: Seconds after which the server ends a statement.
            idle_timeout: Seconds after which the server ends a connection that nobody uses:
                Lambda freezes environments without a word, and theirs are wanted by others.
            application_name: Shown in pg_stat_activity.
        """
        self._logins = logins
        self._connection: psycopg.Connection | None = None
        self._address = "?"
        self._crowded = False
        self._patience = patience
        self._connect_timeout = connect_timeout
        self._statement_timeout = statement_timeout
        self._parameters: dict[str, Any] = {
            "sslmode": sslmode,
            "sslrootcert": sslrootcert,
            "gssencmode": "disable",
            "connect_timeout": connect_timeout,
            "application_name": application_name,
            "options": f"-c statement_timeout={_milliseconds(statement_timeout)}"
            f" -c idle_session_timeout={_milliseconds(idle_timeout)}",
            # A server that vanished without a word is noticed in seconds, not in minutes.
            "tcp_user_timeout": connect_timeout * 1000,
        }

    def connection(self) -> psycopg.Connection:
        """The open connection, in autocommit mode.

        A connection left from an earlier invocation is checked with one round trip, and replaced
        when it does not answer.

        Raises:
            DatabaseUnavailable: No connection can be opened.
        """
        if self._connection is None or not _answers(self._connection):
            self.close()
            self._connection = self._open()
        return self._connection

    @contextmanager
    def use(self, deadline: Deadline | None = None) -> Iterator[psycopg.Connection]:
        """The connection for single statements, each committed by itself.

        It gives up half a second after the statement timeout, counted for the whole block.

        Args:
            deadline: When to give up at the latest.

        Raises:
            DatabaseUnavailable: No connection can be opened, it was cut on the way, or the server
                is short of disk or memory, read-only, or too slow. Whether a commit that was cut
                took effect is not known.
        """
        with self._within(self._statement_timeout + _GRACE, deadline) as connection:
            yield connection

    @contextmanager
    def transaction(self, deadline: Deadline | None = None) -> Iterator[psycopg.Connection]:
        """A transaction: committed at the end, rolled back on an exception.

        Args:
            deadline: When to give up, for client and server, in place of the statement timeout.

        Raises:
            DatabaseUnavailable: As for `use`.
        """
        if deadline is None:
            with self.use() as connection, connection.transaction():
                yield connection
            return
        with self._within(math.inf, deadline) as connection, connection.transaction():
            left = max(1, _milliseconds(deadline.remaining() - _GRACE))
            connection.execute(f"SET LOCAL statement_timeout = {left}".encode())
            yield connection

    @contextmanager
    def _within(self, seconds: float, deadline: Deadline | None) -> Iterator[psycopg.Connection]:
        connection = self.connection()
        left = min(seconds, deadline.remaining()) if deadline else seconds
        watchdog = Watchdog(connection.fileno(), left)
        try:
            with watchdog:
                yield connection
        except psycopg.Error as error:
            if not connection.broken and not postgres_errors.unavailable(error):
                raise  # the statement was wrong
            cause = _cause(error, watchdog, cut=connection.broken)
            lost = connection.broken or postgres_errors.leaves(error)
            if lost:
                self.close()
            raise self._unavailable(cause, lost=lost and not watchdog.bit) from None
        finally:
            if self._crowded:
                self.close()  # others wait for one as we did

    def check(self) -> None:
        """For smoke tests: see whether one can log in to the database now.

        Raises:
            DatabaseUnavailable: One cannot.
        """
        self.close()
        self._logins.refresh()
        self.connection()

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection:
        deadline = Deadline.after(self._patience)
        longest = _PAUSE
        self._crowded = False
        while True:
            try:
                return self._log_in()
            except psycopg.OperationalError as error:
                pause = random.uniform(0, longest)  # noqa: S311 - spreads load
                longest *= 2
                self._crowded = soon = postgres_errors.soon(error)
                if not soon or pause > deadline.remaining():
                    raise self._unavailable(
                        postgres_errors.reason(error), retry_after=_CROWDED if soon else _AWAY
                    ) from None
            time.sleep(pause)

    def _log_in(self) -> psycopg.Connection:
        try:
            return self._connect(self._logins.get())
        except psycopg.OperationalError as error:
            if not postgres_errors.refused_login(error):
                raise
        # The password may have been rotated since it was read.
        get_logger().warning("database_login_refused", database=self._address)
        return self._connect(self._logins.refresh())

    def _connect(self, login: Login) -> psycopg.Connection:
        """Try the host's addresses, within the time for one: each would take as long to be silent.

        Raises:
            psycopg.OperationalError: None lets us in.
        """
        self._address = login.address
        deadline = Deadline.after(self._connect_timeout)
        failure = psycopg.OperationalError("the host has no address")
        for address in _addresses(login):
            try:
                return psycopg.connect(
                    autocommit=True, hostaddr=address, **login._asdict(), **self._parameters
                )
            except psycopg.OperationalError as error:
                failure = error
            if deadline.expired:
                break
        raise failure

    def _unavailable(self, reason: str, **more: Any) -> DatabaseUnavailable:
        message = f"PostgreSQL at {self._address} is unavailable: {reason}"
        return DatabaseUnavailable(message, **more)


def _answers(connection: psycopg.Connection) -> bool:
    """Whether the connection is idle and the server still at its other end."""
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return False  # left in the middle of something: not to be trusted with the next
    try:
        with Watchdog(connection.fileno(), _CHECK):
            connection.execute("")
    except psycopg.Error:
        return False
    return True


def _addresses(login: Login) -> list[str | None]:
    if login.host.startswith("/"):
        return [None]  # the folder of a Unix socket
    try:
        found = socket.getaddrinfo(login.host, login.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise psycopg.OperationalError(f"the host's name cannot be resolved: {error}") from None
    return [str(address[0]) for *_, address in found]


def _cause(error: psycopg.Error, watchdog: Watchdog, *, cut: bool) -> str:
    if watchdog.bit:
        return f"no answer within {watchdog.seconds:.1f} s"
    return ("the connection was cut: " if cut else "") + postgres_errors.reason(error)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
