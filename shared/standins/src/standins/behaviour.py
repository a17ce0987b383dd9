"""How the digest backend and ntfy are told to behave, well and badly.

A script of rules is tried in order, and the first that fits a request decides. Whether one with
a probability fits is drawn from a hash of the seed, the key and the attempt, so that a run is
the same every time, however its requests interleave.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What happens to a request that is well formed and within the rate."""

    OK = "ok"
    RATE_LIMITED = "rate_limited"  # 429 with Retry-After, nothing done
    ERROR = "error"  # `status`, nothing done
    ERROR_AFTER = "error_after"  # `status`, delivered
    HANG = "hang"  # no answer, nothing done
    HANG_AFTER = "hang_after"  # no answer, delivered
    DROP_BEFORE = "drop_before"  # connection cut, nothing done
    DROP_AFTER = "drop_after"  # connection cut, delivered
    NOT_JSON = "not_json"  # delivered, 200 with text
    NO_CONTENT = "no_content"  # delivered, 204
    REDIRECT = "redirect"  # 307 to somewhere else, nothing done


DELIVERING = {
    Kind.OK,
    Kind.ERROR_AFTER,
    Kind.HANG_AFTER,
    Kind.DROP_AFTER,
    Kind.NOT_JSON,
    Kind.NO_CONTENT,
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Behaviour(_Strict):
    """One way to behave.

    Attributes:
        kind: See `Kind`.
        status: Of an `error`.
        retry_after: Seconds; sent with `rate_limited` and `error` when set.
        as_date: Whether Retry-After is sent as an HTTP date.
        latency: Seconds before anything happens.
    """

    kind: Kind = Kind.OK
    status: Annotated[int, Field(ge=400, le=599)] = 500
    retry_after: Annotated[int, Field(ge=0)] | None = None
    as_date: bool = False
    latency: Annotated[float, Field(ge=0)] = 0.0


class Rule(_Strict):
    """When to behave in which way. Every condition that is set must hold.

    Attributes:
        behaviour: What happens.
        repo: The request's `repo`.
        monitor: What stands before the first colon of its Idempotency-Key.
        ordinals: Numbers of requests, counted from 1 over all of them.
        times: Only the first so many attempts of one key (of one repo, without a key).
        probability: Of each attempt.
    """

    behaviour: Behaviour
    repo: str | None = None
    monitor: str | None = None
    ordinals: frozenset[int] | None = None
    times: int | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0


class Attempt(BaseModel):
    """What rules look at: one request.

    Attributes:
        repo: From the body.
        key: The Idempotency-Key, or "" without one.
        ordinal: The number of the request, counted from 1 over all of them.
        number: The number of this key's (or repo's) attempt, counted from 1.
    """

    repo: str
    key: str
    ordinal: int
    number: int


class Script(_Strict):
    """Everything that can be set about the backend.

    Attributes:
        rules: Tried in order.
        default: When no rule fits.
        rate_per_minute: Requests a client may make in any `window`; None is no limit.
        window: Seconds; a minute unless a test is in a hurry.
        idempotency: Whether the Idempotency-Key is honoured.
        seed: Of what is drawn.
    """

    rules: tuple[Rule, ...] = ()
    default: Behaviour = Behaviour()
    rate_per_minute: Annotated[int, Field(ge=1)] | None = None
    window: Annotated[float, Field(gt=0)] = 60.0
    idempotency: bool = True
    seed: int = 0

    def behaviour(self, attempt: Attempt) -> Behaviour:
        """How to behave towards `attempt`."""
        fitting = (rule for index, rule in enumerate(self.rules) if self._fits(index, attempt))
        rule = next(fitting, None)
        return rule.behaviour if rule else self.default

    def _fits(self, index: int, attempt: Attempt) -> bool:
        rule = self.rules[index]
        return (
            rule.repo in {None, attempt.repo}
            and rule.monitor in {None, attempt.key.partition(":")[0]}
            and (rule.ordinals is None or attempt.ordinal in rule.ordinals)
            and (rule.times is None or attempt.number <= rule.times)
            and self._draw(index, attempt) < rule.probability
        )

    def _draw(self, index: int, attempt: Attempt) -> float:
        return draw(f"{self.seed}:{index}:{attempt.key or attempt.repo}:{attempt.number}")


def draw(text: str) -> float:
    """A number from 0 to 1, the same for the same text."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
