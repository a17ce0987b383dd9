"""Who may call, as PostgreSQL knows it."""

from __future__ import annotations

import asyncio
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psycopg
from function_kit import passwords
from function_kit.logging import get_logger
from function_kit.postgres_errors import DatabaseUnavailable

from lambda_action.database import within
from lambda_action.errors import DirectoryUnavailable, TooMany
from lambda_action.ports import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_action.database import Database

_FIND: Final = """
    SELECT client_id, prefixes, rate, secret_hash,
           CASE WHEN previous_until > now() THEN previous_hash END
    FROM gateway_clients WHERE client_id = %s AND revoked_at IS NULL
"""
_STATEMENT_SECONDS: Final = 2.0
_PAUSE: Final = 1.0  # seconds without a question after one that failed
# What /health asks for, which is no client's name, and the seconds for which it waits: less than
# who asks for /health does.
_NOBODY: Final = "-health"
_HEALTH_SECONDS: Final = 3.0
# A hash takes 16 MB and some 40 ms of a core, outside the interpreter's lock.
_THREADS: Final = 2
_MAX_CHECKS: Final = 32
_MAX_ENTRIES: Final = 10_000
_LONGEST: Final = 256  # characters of an id or a secret that are worth a look

_log = get_logger()


class _StaleConnection(DatabaseUnavailable):
    """A connection that was open from before did not do it; a new one may."""


class Record(NamedTuple):
    """A client, and the hashes of its secrets."""

    client: Client
    secret_hash: str
    previous_hash: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was found, and when, in seconds of the clock."""

    client: Client | None
    at: float


class PostgresClients:
    """The clients of one process; one event loop uses it."""

    def __init__(
        self,
        database: Database,
        *,
        fresh: float = 5.0,
        grace: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nothing yet.

        Args:
            database: Where they are.
            fresh: Seconds for which an answer is used again: how long a revoked client goes on.
            grace: Seconds for which a known client goes on while the database is away.
            clock: Seconds.
        """
        self._database = database
        self._fresh = fresh
        self._grace = grace
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._asked: dict[str, asyncio.Task[Client | None]] = {}
        self._connection: psycopg.AsyncConnection | None = None
        self._lock = asyncio.Lock()
        self._ask_again_at = -math.inf
        self._away = False
        self._hashing = ThreadPoolExecutor(_THREADS, thread_name_prefix="secrets")
        self._checks = 0

    async def check(self, client_id: str, secret: str) -> Client | None:
        """The client of these credentials; see `ports.Clients`.

        An unknown client, a revoked one and a wrong secret take the same time.

        Raises:
            TooMany: Too many others ask at this moment.
            DirectoryUnavailable: The database cannot be asked.
        """
        if self._checks >= _MAX_CHECKS:
            raise TooMany("Too many clients ask for tokens at this moment.", retry_after=1)
        self._checks += 1
        try:
            found = await self._find(client_id)
            good = await self._matches(found, secret)
        finally:
            self._checks -= 1
        return found.client if found and good else None

    async def get(self, client_id: str) -> Client | None:
        """The client of that id, not more than `fresh` seconds old; see `ports.Clients`.

        Raises:
            DirectoryUnavailable: The database cannot be asked, and has not been for a while.
        """
        entry = self._entries.get(client_id)
        if entry and self._clock() - entry.at < self._fresh:
            return entry.client
        # One question for all who wait for the same answer.
        task = self._asked.get(client_id)
        if task is None:
            task = self._asked[client_id] = asyncio.create_task(self._refreshed(client_id, entry))
            task.add_done_callback(lambda _: self._asked.pop(client_id, None))
        return await asyncio.shield(task)

    async def state(self) -> dict[str, str]:
        """How they are, at most `fresh` seconds ago; see `ports.Clients`."""
        found = "database away"
        with suppress(DirectoryUnavailable, TimeoutError):
            async with asyncio.timeout(_HEALTH_SECONDS):
                await self.get(_NOBODY)
            found = "database away" if self._away else "ok"
        return {"status": found}

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        self._drop()
        self._hashing.shutdown(wait=False, cancel_futures=True)

    async def _refreshed(self, client_id: str, entry: _Entry | None) -> Client | None:
        now = self._clock()
        try:
            found = await self._find(client_id)
        except DirectoryUnavailable:
            if entry and entry.client and now - entry.at < self._grace:
                return entry.client
            raise
        client = found.client if found else None
        self._entries.pop(client_id, None)
        if len(self._entries) >= _MAX_ENTRIES:
            self._entries.pop(next(iter(self._entries)))  # the one that was asked for longest ago
        self._entries[client_id] = _Entry(client, now)
        return client

    async def _matches(self, found: Record | None, secret: str) -> bool:
        loop = asyncio.get_running_loop()
        given = secret[:_LONGEST]
        hashes = (found.secret_hash, found.previous_hash) if found else (None, None)
        # Both are compared, whatever the first one says: time tells nothing.
        good = [
            await loop.run_in_executor(self._hashing, partial(passwords.matches, given, stored))
            for stored in hashes
        ]
        return any(good) and len(secret) <= _LONGEST

    async def _find(self, client_id: str) -> Record | None:
        name = client_id[:_LONGEST].replace("\0", "").encode("utf-8", "replace").decode()
        row = await self._row(name)
        if row is None or row[0] != client_id:
            return None
        return Record(Client(row[0], tuple(row[1]), row[2]), row[3], row[4])

    async def _row(self, client_id: str) -> tuple[Any, ...] | None:
        """Ask, unless that failed a moment ago: each would wait as long as the one before."""
        async with self._lock:
            if self._clock() < self._ask_again_at:
                raise _unavailable()
            try:
                row = await self._ask_twice(client_id)
            except DatabaseUnavailable as error:
                _log.error("clients_unavailable", reason=str(error))
                self._ask_again_at = self._clock() + _PAUSE
                self._away = True
                raise _unavailable() from None
            self._away = False
            return row

    async def _ask_twice(self, client_id: str) -> tuple[Any, ...] | None:
        """Ask, and once more over a new connection: an idle one may be dead."""
        with suppress(_StaleConnection):
            return await self._ask(client_id)
        return await self._ask(client_id)

    async def _ask(self, client_id: str) -> tuple[Any, ...] | None:
        was_open = self._connection is not None
        if self._connection is None or self._connection.closed:
            self._connection = await self._database.connect()
        try:
            async with within(self._connection, _STATEMENT_SECONDS):
                cursor = await self._connection.execute(_FIND, [client_id])
                return await cursor.fetchone()
        except (DatabaseUnavailable, psycopg.Error) as error:
            self._drop()
            raise (_StaleConnection if was_open else DatabaseUnavailable)(str(error)) from None
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None


def _unavailable() -> DirectoryUnavailable:
    return DirectoryUnavailable(
        "Who may call cannot be looked up at the moment. Please try again.",
        retry_after=math.ceil(_PAUSE),
    )
