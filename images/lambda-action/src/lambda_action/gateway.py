"""What the gateway does, whichever protocol asks."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from function_kit.logging import get_logger

from lambda_action import aaa
from lambda_action.errors import (
    GatewayError,
    LambdaFailed,
    NotAllowed,
    NotAuthenticated,
    TooLarge,
)
from lambda_action.functions import told
from lambda_action.invocations import TYPES, Result, Wanted, record, result_of
from lambda_action.names import qualifier
from lambda_action.settings import ASYNCHRONOUS_BYTES
from lambda_action.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from lambda_action.lambda_api import LambdaApi
    from lambda_action.limits import Places, Rates
    from lambda_action.names import Allowed
    from lambda_action.ports import Audit, Client, Clients, Invocation
    from lambda_action.tokens import Token, Tokens

_log = get_logger()
# Functions that one page lists at most, and pages of Lambda's that are read to fill it.
MAX_ITEMS: Final = 50
_PAGES: Final = 10

# An invocation's result, and its line of the audit.
type Done = tuple[Result, Invocation]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    payload_bytes: int
    batch: int
    keep_payloads: bool = True


@dataclass(slots=True)
class Gateway:
    """Everything that requests share. One event loop uses it."""

    api: LambdaApi
    tokens: Tokens
    clients: Clients
    audit: Audit
    allowed: Allowed
    places: Places
    rates: Rates
    limits: Limits
    config: dict[str, Any] = field(default_factory=dict)
    under_way: UnderWay = field(default_factory=UnderWay)

    async def sign_in(self, client_id: str, secret: str) -> Token:
        """A token for good credentials.

        Raises:
            NotAuthenticated: They are not good.
        """
        client = await self.clients.check(client_id, secret)
        aaa.authentication(client_id, method="secret", ok=client is not None)
        if client is None:
            raise NotAuthenticated("client_id or client_secret is not right")
        return await self.tokens.issue(client.id)

    async def caller(self, token: str) -> Client:
        """Whose token it is.

        Raises:
            NotAuthenticated: Nobody's, or of a client that was revoked.
        """
        try:
            client_id = await self.tokens.owner(token)
        except NotAuthenticated as problem:
            aaa.authentication("", method="token", ok=False, reason=problem.message)
            raise
        client = await self.clients.get(client_id)
        if client is None:
            aaa.authentication(client_id, method="token", ok=False, reason="revoked")
            raise NotAuthenticated("Invalid token: its client is not known, or was revoked")
        aaa.authentication(client_id, method="token", ok=True)
        return client

    async def invoke(self, client: Client, wanted: Wanted) -> Result:
        """Invoke one function. What Lambda refuses is a result, and so is a function's failure.

        Raises:
            GatewayError: Refused here, before anything was invoked; or not in the audit.
        """
        self._check(client, wanted)
        self.rates.spend(client.id, client.rate)
        (result,) = await self._audited(1, lambda: self._alone(client, wanted))
        return result

    async def batch(self, client: Client, wanted: Sequence[Wanted]) -> list[Result]:
        """Invoke functions side by side, as far as places are free; results in order.

        Raises:
            TooLarge: The batch has more invocations than are taken.
            TooMany: No place is free.
            AuditUnavailable: The audit is required and has no place.
        """
        if len(wanted) > self.limits.batch:
            raise TooLarge(f"a batch has {self.limits.batch} invocations at most")
        if not wanted:
            return []
        self.rates.spend(client.id, client.rate, len(wanted))
        return await self._audited(len(wanted), lambda: self._side_by_side(client, wanted))

    async def functions(
        self, client: Client, count: int, marker: str
    ) -> tuple[list[dict[str, Any]], str]:
        """Up to `count` functions that the client may invoke, and the next page's marker.

        Lambda's pages are cut before names are looked at, so a page may have fewer than there
        are, or none, and another page behind it.
        """
        if not 0 <= count <= MAX_ITEMS:
            raise GatewayError(f"max_items must be 1 to {MAX_ITEMS}")
        if len(marker) > 4096 or not marker.isprintable():  # noqa: PLR2004 - far above Lambda's own
            raise GatewayError("next_marker is not one that was given out")
        self.rates.spend(client.id, client.rate)
        with self.places.one():
            found: list[dict[str, Any]] = []
            covers = self.allowed.covers
            for _ in range(_PAGES):
                page, marker = await self.api.functions((count or MAX_ITEMS) - len(found), marker)
                found += [told(f) for f in page if covers(f.get("FunctionName", ""), client)]
                if not marker or len(found) >= (count or MAX_ITEMS):
                    break
        return found, marker

    async def configuration(self, client: Client, name: str) -> dict[str, Any]:
        """A function's configuration, as far as callers are told.

        Raises:
            GatewayError: It is not for this client, or Lambda refused.
        """
        self._allow(client, name)
        self.rates.spend(client.id, client.rate)
        with self.places.one():
            return told(await self.api.configuration(name))

    async def health(self) -> dict[str, dict[str, Any]]:
        """How each thing is that it depends on: `status` is "ok" or why not."""
        clients = await self.clients.state()
        return {"audit": dict(self.audit.state()), "clients": dict(clients)}

    def _check(self, client: Client, wanted: Wanted) -> None:
        self._allow(client, wanted.function_name)
        qualifier(wanted.alias, wanted.version)
        if wanted.invocation_type not in TYPES:
            raise GatewayError(f"invocation_type must be one of {', '.join(TYPES)}")
        most = self.limits.payload_bytes
        if wanted.invocation_type == "Event":
            most = min(most, ASYNCHRONOUS_BYTES)
        if len(wanted.payload) > most or len(wanted.payload.encode("utf-8", "replace")) > most:
            raise TooLarge(f"the payload is larger than {most} bytes")

    def _allow(self, client: Client, name: str) -> None:
        try:
            self.allowed.check(name, client)
        except NotAllowed:
            aaa.authorization(client.id, function=name, ok=False)
            raise
        except GatewayError:
            aaa.authorization(client.id, function="(not a name)", ok=False)
            raise
        aaa.authorization(client.id, function=name, ok=True)

    async def _audited(self, count: int, work: Callable[[], Awaitable[list[Done]]]) -> list[Result]:
        """Hold a place, do the work and write it down.

        A caller that goes away while the audit is asked for a place takes its request along. After
        that the work, its rows and its place outlive the caller: Lambda goes on as well.
        """
        with ExitStack() as stack:
            stack.enter_context(self.places.one())
            await self.audit.admit(count)
            place = stack.pop_all()
        return await self.under_way.finish(self._recorded(place, work))

    async def _recorded(
        self, place: ExitStack, work: Callable[[], Awaitable[list[Done]]]
    ) -> list[Result]:
        with place:
            found = await work()
            await self.audit.record([record for _, record in found])
        return [result for result, _ in found]

    async def _alone(self, client: Client, wanted: Wanted) -> list[Done]:
        return [await self._run(client, wanted)]

    async def _side_by_side(self, client: Client, wanted: Sequence[Wanted]) -> list[Done]:
        """A worker on the request's own place, and one for each further place that is free."""
        found: list[Any] = [None] * len(wanted)
        left = iter(range(len(wanted)))

        async def work() -> None:
            for index in left:
                found[index] = await self._item(client, wanted[index])

        async def help_out() -> None:
            try:
                await work()
            finally:
                self.places.give_back()

        async with asyncio.TaskGroup() as group:
            for _ in range(len(wanted) - 1):
                if not self.places.take_if_free():
                    break
                group.create_task(help_out())
            await work()
        return found

    async def _item(self, client: Client, wanted: Wanted) -> Done:
        """One of a batch: whatever is wrong with it is its own result."""
        try:
            self._check(client, wanted)
        except GatewayError as problem:
            now = datetime.now(UTC)
            result = Result(success=False, status_code=problem.status, error=problem.message)
            return result, record(client, wanted, result, now, payloads=self.limits.keep_payloads)
        return await self._run(client, wanted)

    async def _run(self, client: Client, wanted: Wanted) -> Done:
        started = datetime.now(UTC)
        try:
            invoked = await self.api.invoke(
                wanted.function_name,
                wanted.payload.encode("utf-8", "replace"),
                wanted.invocation_type,
                qualifier(wanted.alias, wanted.version),
            )
            result = result_of(invoked)
        except LambdaFailed as problem:
            status = problem.aws_status or problem.status
            result = Result(success=False, status_code=status, error=problem.message)
        except Exception as problem:  # noqa: BLE001 - one that nobody thought of is in the audit too
            _log.exception("invocation_failed")
            kind = type(problem).__name__
            result = Result(success=False, status_code=500, error=f"failed on our side: {kind}")
        return result, record(client, wanted, result, started, payloads=self.limits.keep_payloads)
