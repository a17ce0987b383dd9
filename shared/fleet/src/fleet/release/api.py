"""Calls of the Lambda API: within its rates, and again when AWS asks to come back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from fleet.release.budget import Budget

if TYPE_CHECKING:
    from fleet.release.runner import Runner

# AWS's quotas, the same for every account and not to be raised: 100 requests a second for
# GetFunction, 15 for all the rest of the control plane together; invocations have their own.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONTROL_RATE = 14.8
READ_RATE = 95.0
_BURST = 8
_READS = frozenset({"get_function"})
_UNMETERED = frozenset({"invoke"})
_THROTTLED = "TooManyRequestsException"
_SERVER_ERROR = 500
_ATTEMPTS = 12
_CONNECTIONS = 3  # an address where nobody listens is more likely wrong than busy
_LOST = (HTTPClientError, NoConnectionError)
_PAUSE = 0.25
_LONGEST_PAUSE = 8.0


class LambdaApi:
    """Lambda's API under one budget, shared by everything that one command does.

    Args:
        client: a boto3 client whose own retries are off, or a wait would hide from the budget.
        runner: waits.
        metered: whether AWS's rates hold. The local AWS has none: to keep to them there would
            make a release of fifteen functions wait for nothing most of its time.
    """

    def __init__(
        self,
        client: Any,
        runner: Runner,
        control: Budget | None = None,
        reads: Budget | None = None,
        *,
        metered: bool = True,
    ) -> None:
        self._client = client
        self._runner = runner
        self._metered = metered
        self._control = control or Budget(CONTROL_RATE, _BURST)
        self._reads = reads or Budget(READ_RATE, _BURST)

    def call(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """Make a request; one that was refused for its rate, or got no answer, is made again.

        Args:
            operation: boto3's name of it, such as update_alias.
            **arguments: boto3's.

        Raises:
            ClientError: what AWS answered, when asking again would not help.
            BotoCoreError: no answer after all attempts.
        """
        for attempt in range(_ATTEMPTS):
            self._wait_turn(operation)
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
            except (ClientError, *_LOST) as error:
                if attempt >= _last(error) or not self._may_pass(error, operation):
                    raise
                self._runner.sleep(_backoff(attempt))
            else:
                return answer
        raise AssertionError  # the last attempt returns or raises

    def _budget(self, operation: str) -> Budget | None:
        if operation in _UNMETERED or not self._metered:
            return None
        return self._reads if operation in _READS else self._control

    def _wait_turn(self, operation: str) -> None:
        budget = self._budget(operation)
        delay = budget.reserve(self._runner.now()) if budget else 0.0
        if delay:
            self._runner.sleep(delay)

    def _may_pass(self, error: Exception, operation: str) -> bool:
        if not isinstance(error, ClientError):
            return True
        if error.response["Error"]["Code"] == _THROTTLED:
            budget = self._budget(operation)
            if budget:
                budget.refused(self._runner.now())
            return True
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= _SERVER_ERROR) and not _is_not_ready(error)


def _last(error: Exception) -> int:
    return (_CONNECTIONS if isinstance(error, NoConnectionError) else _ATTEMPTS) - 1


def _backoff(attempt: int) -> float:
    """Seconds before the next attempt, at random so that refused callers spread out."""
    longest: float = min(_LONGEST_PAUSE, _PAUSE * 2**attempt)
    return random.uniform(longest / 2, longest)  # noqa: S311  spreads load


def _is_not_ready(error: ClientError) -> bool:
    # Answered with 502, but asking again at once does not help: the caller waits for the state.
    return bool(error.response["Error"]["Code"] == "ResourceNotReadyException")
