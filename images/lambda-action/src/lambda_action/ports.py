"""What the gateway asks of the outside: who its clients are, and a place for its audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Client:
    """Who may call.

    Attributes:
        id: The name in tokens and in the audit.
        prefixes: Function names that it may invoke begin with one of these; none is any.
        rate: Requests a second, for each process of the gateway; 0 is no limit.
    """

    id: str
    prefixes: tuple[str, ...] = ()
    rate: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A line of the audit: one invocation and what came of it. Times are UTC."""

    client_id: str
    function_name: str
    invocation_type: str
    payload: str | None
    alias: str = ""
    version: str = ""
    status_code: int = 0
    response_payload: str | None = None
    function_error: str = ""
    executed_version: str = ""
    request_id: str = ""
    success: bool = False
    error_message: str = ""
    invoked_at: datetime
    completed_at: datetime


class Audit(Protocol):
    """Where invocations are written down."""

    async def admit(self, records: int = 1) -> None:
        """Promise a place for records, before anything is invoked.

        Raises:
            AuditUnavailable: There is none, and the audit is required.
        """
        ...

    async def record(self, invocations: list[Invocation]) -> None:
        """Write down what was admitted; when this returns, the audit's guarantee is met.

        Raises:
            AuditUnavailable: They could not be stored, and the audit is required.
        """
        ...

    def state(self) -> dict[str, int | str]:
        """What /health tells of it: `status` is "ok" or why not."""
        ...


class Clients(Protocol):
    """Who may call."""

    async def check(self, client_id: str, secret: str) -> Client | None:
        """The client of these credentials; None when they are not good.

        Raises:
            DirectoryUnavailable: The database that knows cannot be asked.
        """
        ...

    async def get(self, client_id: str) -> Client | None:
        """The client as it was at most five seconds ago; None when it is gone or revoked.

        Raises:
            DirectoryUnavailable: The database that knows cannot be asked.
        """
        ...

    async def state(self) -> dict[str, str]:
        """What /health tells of them: `status` is "ok" or why not."""
        ...
