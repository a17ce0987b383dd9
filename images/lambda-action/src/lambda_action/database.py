"""Asynchronous connections to PostgreSQL that can always be given up.

A server that vanished, or stands still, must not hold the event loop's tasks for longer than they
are told to wait: TCP alone notices after minutes, and psycopg's own way out of a statement asks
the server first. So whoever waits too long has the socket cut.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
from function_kit import postgres_errors
from function_kit.aws_errors import AwsError
from function_kit.database import authorities, logins
from function_kit.postgres_errors import DatabaseUnavailable
from function_kit.secrets import SecretError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lambda_action.settings import GatewaySettings

CONNECT_SECONDS: Final = 3
# The server's own limit, above any of ours: what was given up must not go on for ever.
_OPTIONS: Final = "-c statement_timeout=15s"
# How much later than the server ends a statement the socket is cut.
_GRACE: Final = 0.5


class Database:
    """Opens connections in autocommit mode."""

    def __init__(self, settings: GatewaySettings, application_name: str) -> None:
        """Keep how to connect; nothing is opened yet.

        Args:
            settings: `database_url`, or the `db_…` fields.
            application_name: Shown in pg_stat_activity.
        """
        self._url = settings.database_url
        self._logins = None if settings.database_url else logins(settings)
        self._ca = settings.db_ca
        self._parameters: dict[str, Any] = {
            "application_name": application_name,
            "connect_timeout": CONNECT_SECONDS,
            "gssencmode": "disable",
            # A server that vanished without a word is noticed in seconds, not in minutes.
            "tcp_user_timeout": CONNECT_SECONDS * 1000,
        }

    async def connect(self) -> psycopg.AsyncConnection:
        """A new connection.

        Raises:
            DatabaseUnavailable: None can be opened; the message says why.
        """
        try:
            return await self._open(anew=False)
        except psycopg.OperationalError as error:
            if not postgres_errors.refused_login(error):
                raise DatabaseUnavailable(postgres_errors.reason(error)) from None
        # The password may have been rotated since it was read.
        try:
            return await self._open(anew=True)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(postgres_errors.reason(error)) from None

    async def _open(self, *, anew: bool) -> psycopg.AsyncConnection:
        # Secrets Manager is asked over blocking sockets.
        where = await asyncio.to_thread(self._where, anew)
        # DNS, and each of the host's addresses, may take as long as a connection.
        limit = asyncio.timeout(2 * CONNECT_SECONDS + _GRACE)
        try:
            async with limit:
                return await psycopg.AsyncConnection.connect(autocommit=True, **where)
        except TimeoutError:
            raise DatabaseUnavailable("no connection within the time for one") from None

    def _where(self, anew: bool) -> dict[str, Any]:
        try:
            if self._url is not None:
                url = self._url.refresh() if anew else self._url.get()
                return {"conninfo": url, **self._parameters}
            assert self._logins is not None  # noqa: S101 - one of both is given
            login = self._logins.refresh() if anew else self._logins.get()
        except (SecretError, AwsError) as error:
            raise DatabaseUnavailable(str(error)) from None
        ca = authorities(self._ca)
        own = {"sslmode": "verify-full", "sslrootcert": ca, "options": _OPTIONS}
        return {**login._asdict(), **own, **self._parameters}


@asynccontextmanager
async def within(connection: psycopg.AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Cut the connection's socket unless the block ends in time.

    Args:
        connection: What the block waits for.
        seconds: How long it may take.

    Raises:
        DatabaseUnavailable: It took too long, the connection broke, or the server is in no state
            to do it. What the block was about may have been done.
    """
    bitten = False

    def bite() -> None:
        nonlocal bitten
        bitten = True
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)

    timer = asyncio.get_running_loop().call_later(seconds + _GRACE, bite)
    try:
        yield
    except psycopg.Error as error:
        if bitten:
            raise DatabaseUnavailable(f"no answer within {seconds:.1f} s") from None
        if connection.broken or postgres_errors.unavailable(error):
            raise DatabaseUnavailable(postgres_errors.reason(error)) from None
        raise
    finally:
        timer.cancel()
