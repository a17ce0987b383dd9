"""Load on the invoke gateway's audit, and what came of each request."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from function_kit.postgres import Login, Postgres
from function_kit.secrets import Secret
from lambda_action.audit import PostgresAudit
from lambda_action.audit_backlog import Bounds
from lambda_action.audit_rows import Table
from lambda_action.database import Database
from lambda_action.errors import AuditUnavailable
from lambda_action.ports import Invocation
from lambda_action.settings import GatewaySettings

from tests.kit.database_server import PASSWORD, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

KEY = "k" * 64
_SCHEDULED = Path("/proc/thread-self/schedstat")


def invocation(request_id: str = "", **values: Any) -> Invocation:
    """A line of the audit."""
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "client_id": "tests", "function_name": "waddlebot-hello", "payload": '{"a": 1}',
        "invocation_type": "RequestResponse", "status_code": 200, "response_payload": '"ok"',
        "executed_version": "7", "success": True, "invoked_at": now, "completed_at": now,
    }  # fmt: skip
    return Invocation(request_id=request_id, **{**given, **values})


def url(server: Server, port: int | None = None, user: str = "fleet_gateway") -> str:
    """The server's URL for the gateway, over another port if one is given."""
    return (
        f"postgresql://{user}:{PASSWORD}@localhost:{port or server.port}/postgres"
        f"?sslmode=verify-full&sslrootcert={server.authority}"
    )


def settings(database_url: str, **values: Any) -> GatewaySettings:
    """The gateway's settings."""
    given: dict[str, Any] = {
        "environment": "local",
        "module_secret_key": KEY,
        "database_url": Secret(database_url),
    }
    return GatewaySettings.model_validate({**given, **values})


@asynccontextmanager
async def audit(
    database_url: str, *, required: bool = True, **bounds: Any
) -> AsyncIterator[PostgresAudit]:
    """An audit, closed at the end of the block."""
    table = Table(Database(settings(database_url), "tests"))
    made = PostgresAudit(table, Bounds(**bounds), required=required)
    try:
        yield made
    finally:
        await made.close(15)


async def watch(lags: list[float], over: Callable[[], bool]) -> None:
    """Write down, until it is over, the seconds that the event loop comes late.

    What it waited for a core of a busy machine is none of its doing, and left out.
    """
    while not over():
        before, queued = time.perf_counter(), _in_the_run_queue()
        await asyncio.sleep(0.005)
        late = time.perf_counter() - before - 0.005
        lags.append(late - (_in_the_run_queue() - queued))


def _in_the_run_queue() -> float:
    """The seconds that this thread could have run and had no core (Linux)."""
    return int(_SCHEDULED.read_text(encoding="ascii").split()[1]) / 1e9


def stored(server: Server) -> list[str]:
    """The request ids in the audit, each as often as it is there."""
    with server.admin() as admin:
        return [i for (i,) in admin.execute("SELECT request_id FROM lambda_invocations")]


@dataclass
class Load:
    """Requests one after the other, by many at once.

    Attributes:
        audit: What takes them.
        answered: The ids of those that got an answer.
        refused: Of those that did not.
        lags: Seconds that the event loop came late.
    """

    audit: PostgresAudit
    prefix: str = "r"
    answered: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=lambda: [0.0])
    _number: int = 0
    _over: bool = False
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def one(self, **values: Any) -> None:
        """One request, as the gateway makes it."""
        self._number += 1
        request_id = f"{self.prefix}{self._number}"
        try:
            await self.audit.admit()
            await self.audit.record([invocation(request_id, **values)])
        except AuditUnavailable:
            self.refused.append(request_id)
            await asyncio.sleep(0.01)  # as a caller would, who is told to come back
        else:
            self.answered.append(request_id)
        self._settled.set()

    async def during(self, act: Callable[[], Awaitable[None]], workers: int = 32) -> None:
        """Keep so many busy for as long as `act` takes, and watch the loop meanwhile."""

        async def work() -> None:
            while not self._over:
                await self.one()

        async with asyncio.TaskGroup() as group:
            for task in (work for _ in range(workers)):
                group.create_task(task())
            group.create_task(watch(self.lags, lambda: self._over))
            await act()
            self._over = True
        self._over = False

    async def more(self, count: int = 200, seconds: float = 30) -> None:
        """Return when so many more were answered.

        Raises:
            TimeoutError: They were not, in time.
        """
        await self._grown(self.answered, count, seconds)

    async def refuses(self, count: int = 20, seconds: float = 30) -> None:
        """Return when so many more were refused.

        Raises:
            TimeoutError: They were not, in time.
        """
        await self._grown(self.refused, count, seconds)

    async def _grown(self, ids: list[str], count: int, seconds: float) -> None:
        wanted = len(ids) + count
        async with asyncio.timeout(seconds):
            while len(ids) < wanted:
                self._settled.clear()
                await self._settled.wait()


def own_connection(server: Server) -> Callable[..., Any]:
    """The function's own connection, with the login that its secret would hold."""

    class Given:
        def get(self) -> Login:
            return Login("localhost", server.port, "postgres", "fleet_gateway", PASSWORD)

        refresh = get

    def make(_: GatewaySettings, **options: Any) -> Postgres:
        return Postgres(
            Given(), sslmode="verify-full", sslrootcert=str(server.authority), **options
        )

    return make
