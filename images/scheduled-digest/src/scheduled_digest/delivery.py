"""One digest: a POST to the backend, tried again while that can help."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

import httpx
from function_kit.http import RetryPolicy, retry, retry_after

from scheduled_digest.pace import OutOfTimeError, Pace

if TYPE_CHECKING:
    from datetime import date

    from function_kit.deadline import Deadline

    from scheduled_digest.models import Monitor

POLICY = RetryPolicy(attempts=4, base=0.5, cap=8.0, idempotent=True)
"""An answer that was lost is asked for again: the Idempotency-Key makes that harmless."""
PATIENCE = 120.0
"""Seconds: a Retry-After beyond it is not waited for, and the digest has failed."""
CONNECT_TIMEOUT = 5.0
_MAX_BODY = 65_536
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class Outcome(Enum):
    """What became of a digest."""

    SENT = auto()
    FAILED = auto()
    DEFERRED = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one digest.

    Attributes:
        outcome: Deferred means that time ran out before the attempts did.
        attempts: Calls made in all, earlier runs' included.
        reason: The last answer's status or the kind of failure, for logs.
        out_of_time: Whether no other call can be made in this run either.
    """

    outcome: Outcome
    attempts: int
    reason: str = ""
    out_of_time: bool = False


class Backend:
    """The digest backend."""

    def __init__(
        self,
        http: httpx.Client,
        endpoint: str,
        *,
        timeout: float,
        policy: RetryPolicy = POLICY,
    ) -> None:
        """Take the client to call with.

        Args:
            http: Follows no redirects.
            endpoint: The URL to post to.
            timeout: Seconds of silence after which a call is given up.
            policy: How often and how patiently a call is repeated.
        """
        self._http = http
        self._endpoint = endpoint
        self._timeout = httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout))
        self._seconds = timeout
        self._policy = policy

    @property
    def longest_call(self) -> float:
        """Seconds that one call lasts at most: to connect, for an answer, for its body."""
        return min(CONNECT_TIMEOUT, self._seconds) + 2 * self._seconds

    def send(
        self, monitor: Monitor, day: date, pace: Pace, deadline: Deadline, *, attempts: int = 0
    ) -> Delivery:
        """Ask for a monitor's digest.

        Args:
            monitor: Whose digest.
            day: Of the digest; with the monitor's id it makes the Idempotency-Key.
            pace: Says when each call may be made.
            deadline: No call begins after it; one may end `longest_call` later.
            attempts: Calls already made by earlier runs.

        Raises:
            AwsError: The pace could not be had from the ledger.
        """
        made = attempts
        key = f"{monitor.id}:{day.isoformat()}"

        def attempt() -> httpx.Response:
            nonlocal made
            pace.wait(deadline)
            made += 1
            response = self._post(monitor, key)
            asked = retry_after(response) if _worth_a_retry(response) else None
            if asked is not None and asked <= PATIENCE:
                pace.hold(asked)
            return response

        policy = replace(self._policy, attempts=max(1, self._policy.attempts - attempts))
        try:
            response = retry(attempt, policy=policy, deadline=deadline)
        except OutOfTimeError:
            return Delivery(Outcome.DEFERRED, made, "out of time", out_of_time=True)
        except httpx.TransportError as error:
            return self._unfinished(made, type(error).__name__)
        return self._judge(response, made)

    def _judge(self, response: httpx.Response, made: int) -> Delivery:
        reason = f"status {response.status_code}"
        if response.is_success:
            return Delivery(Outcome.SENT, made, reason)
        if _worth_a_retry(response) and (retry_after(response) or 0.0) <= PATIENCE:
            return self._unfinished(made, reason)
        return Delivery(Outcome.FAILED, made, reason)

    def _unfinished(self, made: int, reason: str) -> Delivery:
        """A failure that could be repeated: it ended for want of attempts, or of time."""
        used_up = made >= self._policy.attempts
        return Delivery(Outcome.FAILED if used_up else Outcome.DEFERRED, made, reason)

    def _post(self, monitor: Monitor, key: str) -> httpx.Response:
        request = self._http.build_request(
            "POST",
            self._endpoint,
            json=monitor.request(),
            headers={"idempotency-key": key},
            timeout=self._timeout,
        )
        response = self._http.send(request, stream=True)
        _drain(response, time.monotonic() + self._seconds)
        return response

    def check(self) -> None:
        """Raise unless something answers at the endpoint; sends no digest.

        Raises:
            httpx.HTTPError: Nothing does, or it says that it does not work.
        """
        response = self._http.options(self._endpoint, timeout=self._timeout)
        if response.is_server_error:
            raise httpx.HTTPError(f"the backend answered {response.status_code}")


def _drain(response: httpx.Response, until: float) -> None:
    """Read the body so that the connection can be used again, and think no more of it.

    The status has said what there is to know, so a body that is long, slow or cut off makes no
    difference.
    """
    size = 0
    with suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > _MAX_BODY or time.monotonic() > until:
                break
    response.close()


def _worth_a_retry(response: httpx.Response) -> bool:
    return response.status_code == _TOO_MANY_REQUESTS or response.status_code >= _SERVER_ERROR
