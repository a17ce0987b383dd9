"""HTTP out of a function: a client with safe defaults, and retries that respect the clock."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from function_kit import tls

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.deadline import Deadline

USER_AGENT = "function-kit"
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = range(500, 600)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When and how long to wait before trying again.

    Attributes:
        attempts: Tries in all, the first one included.
        base: Seconds; the n-th pause is drawn evenly from 0 to `base` · 2ⁿ.
        cap: Seconds; no drawn pause is longer. A server's Retry-After may be.
        idempotent: Whether sending twice is harmless. Then a request whose answer was lost
            (a read timeout, a connection cut half way) is tried again too; otherwise only one
            that never reached the server.
    """

    attempts: int = 4
    base: float = 0.2
    cap: float = 5.0
    idempotent: bool = False


def client(*, timeout: float = 10.0, max_connections: int = 10) -> httpx.Client:
    """A client that follows no redirects and takes nothing from the environment.

    Proxies and .netrc are not read. `SSL_CERT_FILE` is, for networks with their own authority.

    Args:
        timeout: Seconds for each of connect, read, write and waiting for a connection.
        max_connections: Connections at once, all of them kept alive.
    """
    return httpx.Client(
        timeout=timeout,
        limits=httpx.Limits(
            max_connections=max_connections, max_keepalive_connections=max_connections
        ),
        follow_redirects=False,
        trust_env=False,
        verify=tls.context(),
        headers={"user-agent": USER_AGENT},
    )


def retry(
    send: Callable[[], httpx.Response],
    *,
    policy: RetryPolicy,
    deadline: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> httpx.Response:
    """Call `send` until it answers well, the policy is used up or time is.

    Args:
        send: Makes one request. Called again, it must make the same one.
        policy: How often and how patiently.
        deadline: No pause is begun that would end after it.
        sleep: Waits for that many seconds.

    Returns:
        The first answer that is not 429 or 5xx, or the last one received.

    Raises:
        httpx.TransportError: The last try got no answer.
    """
    for attempt in range(1, policy.attempts + 1):
        outcome = _attempt(send, policy)
        if isinstance(outcome, httpx.Response) and not _is_retryable(outcome):
            return outcome
        pause = _pause(outcome, policy, attempt)
        if attempt == policy.attempts or pause >= deadline.remaining():
            break
        if isinstance(outcome, httpx.Response):
            outcome.close()
        sleep(pause)
    if isinstance(outcome, httpx.Response):
        return outcome
    raise outcome


def _attempt(
    send: Callable[[], httpx.Response], policy: RetryPolicy
) -> httpx.Response | httpx.TransportError:
    try:
        return send()
    except httpx.TransportError as error:
        if not policy.idempotent and not isinstance(error, _NEVER_SENT):
            raise
        return error


def _is_retryable(response: httpx.Response) -> bool:
    return response.status_code == _TOO_MANY_REQUESTS or response.status_code in _SERVER_ERRORS


def _pause(
    outcome: httpx.Response | httpx.TransportError, policy: RetryPolicy, attempt: int
) -> float:
    ceiling = min(policy.cap, policy.base * 2.0**attempt)
    jitter = random.uniform(0, ceiling)  # noqa: S311 - spreads load, guards nothing
    asked = retry_after(outcome) if isinstance(outcome, httpx.Response) else None
    return jitter if asked is None else max(asked, jitter)


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks to wait (RFC 9110, 10.2.3), or None when it does not say."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # no date, or one beyond what a date can hold
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
