"""The `monitors` table, behind Supabase's PostgREST.

https://docs.postgrest.org/en/stable/references/api/pagination_count.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from function_kit.deadline import Deadline
from function_kit.http import RetryPolicy, retry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from function_kit.secrets import Secret

PAGE_SIZE = 1000
"""Rows asked for at once; a server may give fewer, so that only an empty page is the last."""
IDS_AT_ONCE = 100
_COLUMNS = "id,repo,delivery_method,webhook_url,email,frequency"
_READ = RetryPolicy(attempts=4, base=0.25, cap=4.0, idempotent=True)
# A purge whose answer was lost is not repeated: the repeat would count what is left, not what
# was removed. An answer of 5xx means that its transaction was rolled back.
_PURGE = RetryPolicy(attempts=4, base=0.25, cap=4.0, idempotent=False)
_CHECK_TIME = 5.0  # seconds of retries
_UNAUTHORIZED = 401
_TOTAL = re.compile(r"(?:\d+-\d+|\*)/(\d+)")


class SupabaseError(Exception):
    """Supabase did not answer, or not with what was asked for; the message holds no data."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as they came, unchecked, in the order of their ids.

    Attributes:
        rows: Each with an `id`.
        total: How many rows there are from here on, this page's included, when it was asked.
    """

    rows: list[dict[str, Any]]
    total: int | None


class Monitors:
    """Reads due monitors and purges deleted ones."""

    def __init__(self, http: httpx.Client, url: str, key: Secret) -> None:
        """Take the client to call with.

        Args:
            http: Follows no redirects.
            url: The Supabase project's base URL.
            key: The service role key, refreshed once when it is refused.
        """
        self._http = http
        self._url = f"{url}/rest/v1/monitors"
        self._key = key

    def page(
        self,
        frequencies: Sequence[str],
        deadline: Deadline,
        *,
        after: UUID | None = None,
        limit: int = PAGE_SIZE,
        counted: bool = False,
    ) -> Page:
        """Up to `limit` active monitors whose id follows `after`.

        Args:
            frequencies: The values of `frequency` that are due.
            deadline: No retry is waited for beyond it.
            after: The last id of the page before.
            limit: Rows at most.
            counted: Whether to count all rows from here on.

        Raises:
            SupabaseError: No page was to be had.
        """
        query = _active(frequencies) | {"order": "id.asc", "limit": str(limit)}
        if after is not None:
            query["id"] = f"gt.{after}"
        prefer = {"prefer": "count=exact"} if counted else {}
        response = self._call("GET", query, prefer, _READ, deadline)
        rows = _rows(response)
        if rows and after is not None and UUID(rows[0]["id"]) <= after:
            # Read on, such pages would make a chain without an end.
            raise SupabaseError("Supabase's page does not follow the one before")
        return Page(rows, _total(response) if counted else None)

    def by_ids(
        self, ids: Sequence[UUID], frequencies: Sequence[str], deadline: Deadline
    ) -> list[dict[str, Any]]:
        """Those of these monitors that are still active; at most `IDS_AT_ONCE` ids.

        Raises:
            SupabaseError: They could not be read.
        """
        query = _active(frequencies) | {"id": f"in.({','.join(map(str, ids))})", "order": "id.asc"}
        return _rows(self._call("GET", query, {}, _READ, deadline))

    def count_expired(self, before: datetime, deadline: Deadline) -> int:
        """How many monitors were deleted before an aware moment.

        Raises:
            SupabaseError: They could not be counted.
        """
        headers = {"prefer": "count=exact"}
        response = self._call("HEAD", _expired(before), headers, _READ, deadline)
        return _total(response)

    def purge(self, before: datetime, deadline: Deadline) -> int:
        """Remove them for good.

        Returns:
            How many rows the server says it removed.

        Raises:
            SupabaseError: It failed, or its answer was lost, in which case it may have worked.
        """
        headers = {"prefer": "return=minimal, count=exact"}
        return _total(self._call("DELETE", _expired(before), headers, _PURGE, deadline))

    def check(self) -> None:
        """Raise unless monitors can be read with the key; for smoke tests.

        Raises:
            SupabaseError: They cannot.
        """
        self.page(("daily",), Deadline.after(_CHECK_TIME), limit=1)

    def _call(
        self,
        method: str,
        query: dict[str, str],
        headers: dict[str, str],
        policy: RetryPolicy,
        deadline: Deadline,
    ) -> httpx.Response:
        def send(key: str) -> httpx.Response:
            sent = {**headers, "apikey": key, "authorization": f"Bearer {key}"}
            return self._http.request(method, self._url, params=query, headers=sent)

        try:
            response = retry(lambda: send(self._key.get()), policy=policy, deadline=deadline)
            if response.status_code == _UNAUTHORIZED:
                key = self._key.refresh()
                response = retry(lambda: send(key), policy=policy, deadline=deadline)
        except httpx.HTTPError as error:
            raise SupabaseError(f"Supabase did not answer: {type(error).__name__}") from None
        if not response.is_success:
            raise SupabaseError(f"Supabase answered {response.status_code}{_code(response)}")
        return response


def _active(frequencies: Sequence[str]) -> dict[str, str]:
    one = len(frequencies) == 1
    frequency = f"eq.{frequencies[0]}" if one else f"in.({','.join(frequencies)})"
    return {"select": _COLUMNS, "deleted": "eq.false", "frequency": frequency}


def _expired(before: datetime) -> dict[str, str]:
    return {"deleted": "eq.true", "deleted_at": f"lt.{before.isoformat()}"}


def _rows(response: httpx.Response) -> list[dict[str, Any]]:
    try:
        rows = response.json()
    except ValueError:
        raise SupabaseError("Supabase's answer is not JSON") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
        raise SupabaseError("Supabase's answer is not a list of monitors")
    return rows


def _total(response: httpx.Response) -> int:
    match = _TOTAL.fullmatch(response.headers.get("content-range", ""))
    if match is None:
        raise SupabaseError("Supabase's answer has no count")
    return int(match[1])


def _code(response: httpx.Response) -> str:
    """PostgREST's error code, which names the kind of error and nothing of the request."""
    try:
        code = response.json()["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f" ({code})" if isinstance(code, str) and re.fullmatch(r"\w{1,10}", code) else ""
