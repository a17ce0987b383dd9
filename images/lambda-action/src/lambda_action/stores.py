"""What the gateway keeps in PostgreSQL: its audit and its clients."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambda_action.audit import PostgresAudit
from lambda_action.audit_backlog import Bounds
from lambda_action.audit_counts import Counts
from lambda_action.audit_rows import Table
from lambda_action.clients import PostgresClients
from lambda_action.database import Database

if TYPE_CHECKING:
    from collections.abc import MutableSequence

    from lambda_action.ports import Audit, Invocation
    from lambda_action.settings import GatewaySettings

_NAME = "lambda-action"


class NoAudit:
    """The audit that is off."""

    async def admit(self, records: int = 1) -> None:
        """There is always a place."""

    async def record(self, invocations: list[Invocation]) -> None:
        """Keep nothing."""

    def state(self) -> dict[str, int | str]:
        """It cannot fail."""
        return {"status": "ok", "mode": "off"}


@dataclass(frozen=True, slots=True)
class Stores:
    """Both of them. One event loop uses them."""

    audit: Audit
    clients: PostgresClients
    database: Database

    async def check(self) -> None:
        """For smoke tests: see whether both tables are there and the login is good for them.

        Raises:
            DatabaseUnavailable: The database does not answer.
            DirectoryUnavailable: The clients cannot be asked for.
            psycopg.Error: The audit's table is not there, or not for this login.
        """
        await self.clients.get("smoke-test")
        table = Table(self.database)
        try:
            await table.write([], again=False)
        finally:
            table.drop()

    async def close(self) -> None:
        """Store what the audit still has, and close."""
        if isinstance(self.audit, PostgresAudit):
            await self.audit.close()
        self.clients.close()


async def open_stores(
    settings: GatewaySettings, cells: MutableSequence[int] | None = None
) -> Stores:
    """The stores of these settings; nothing is asked yet.

    Args:
        settings: See the class.
        cells: For `Counts`: memory that outlives this process.
    """
    database = Database(settings, _NAME)
    return Stores(_audit(settings, database, cells), PostgresClients(database), database)


def _audit(
    settings: GatewaySettings, database: Database, cells: MutableSequence[int] | None
) -> Audit:
    if settings.audit == "off":
        return NoAudit()
    required = settings.audit == "required"
    bounds = Bounds(
        rows=settings.audit_queue,
        bytes=settings.audit_queue_bytes,
        payload=settings.audit_payload_characters,
        wait=settings.audit_wait,
        patience=settings.audit_patience,
    )
    # Lambda stops the process with the answer, and whatever waits in it.
    stopped = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    return PostgresAudit(
        Table(database), bounds, required=required, waits=required or stopped, counts=Counts(cells)
    )
