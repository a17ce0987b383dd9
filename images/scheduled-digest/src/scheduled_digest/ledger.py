"""The ledger: who sends which digest, who goes on with a chain, and when calls may be made.

A DynamoDB table with the key `pk` and the time to live `expires_at`. Its items:

- `digest#<day>#<monitor>`: a claim. `state` is `claimed` while its owner works on it, then `sent`,
  `failed` or `deferred`.
- `run#<root request id>#<link>`: who started that run of a chain, and the chain's day.
- `rate#digest`: `next_at`, the first moment that no run has reserved (epoch milliseconds).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi, code

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

_KEPT = 7 * 86_400  # seconds: longer than any chain, and a week to look back
_RATE = "rate#digest"
_REFUSED = "ConditionalCheckFailedException"
_FAILED = 400
_TAKEABLE = (
    "attribute_not_exists(pk) OR #state IN (:failed, :deferred)"
    " OR (#state = :claimed AND (#owner = :me OR lease_until < :now))"
)


class State(StrEnum):
    """How far a claim has come."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Started:
    """A run of a chain, as the ledger has it.

    Attributes:
        owner: The request id that started it first.
        day: The UTC day whose digests it sends.
    """

    owner: str
    day: date


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims digests.

    Attributes:
        owner: The run's request id. Lambda gives a retry the same one, so that it takes over at
            once what the run it repeats had claimed.
        lease_until: Epoch seconds when this run is over for certain, and its claims are free.
        day: The UTC day whose digests are sent.
    """

    owner: str
    lease_until: float
    day: date


class Ledger:
    """Conditional writes to one table."""

    def __init__(
        self, api: SignedApi, table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Take the table.

        Args:
            api: DynamoDB's.
            table: The table's name.
            clock: Epoch seconds.
        """
        self._api = api
        self._table = table
        self._clock = clock

    def start(self, root: str, link: int, owner: str, day: date) -> Started:
        """Enter that `owner` starts a run, unless someone has already.

        Returns:
            Who did, and for which day.

        Raises:
            AwsError: The table could not be used.
        """
        item = {"pk": _text(_run(root, link)), "owner": _text(owner), "day": _text(day)}
        known = self._put(item, "attribute_not_exists(pk)")
        return _started(item if known is None else known)

    def started(self, root: str, link: int) -> bool:
        """Whether someone has started that run.

        Raises:
            AwsError: The table could not be used.
        """
        key = {"pk": _text(_run(root, link))}
        return "Item" in self._call("GetItem", {"Key": key, "ConsistentRead": True})[1]

    def claim(self, monitor: UUID, who: Claimant) -> bool:
        """Take on a monitor's digest of the day.

        Returns:
            False when it is sent, or another run's to send.

        Raises:
            AwsError: The table could not be used.
        """
        item = {
            "pk": _text(_digest(who.day, monitor)),
            "state": _text(State.CLAIMED),
            "owner": _text(who.owner),
            "lease_until": _number(who.lease_until),
        }
        values = {":me": _text(who.owner), ":now": _number(self._clock())} | {
            f":{state}": _text(state) for state in (State.CLAIMED, State.FAILED, State.DEFERRED)
        }
        return self._put(item, _TAKEABLE, values, {"#state": "state", "#owner": "owner"}) is None

    def settle(self, monitor: UUID, who: Claimant, state: State) -> None:
        """Say what became of a claim.

        That it is sent is always written down; the rest only when no other run has taken the
        claim over since.

        Raises:
            AwsError: The table could not be used.
        """
        values = {":state": _text(state)}
        condition = {}
        if state is not State.SENT:
            condition = {"ConditionExpression": "#owner = :me AND #state = :claimed"}
            values |= {":me": _text(who.owner), ":claimed": _text(State.CLAIMED)}
        names = {"#state": "state"} | ({"#owner": "owner"} if condition else {})
        self._update(_digest(who.day, monitor), "SET #state = :state", values, names, condition)

    def reserve(self, expected: int, until: int) -> int | None:
        """Move the first unreserved moment from `expected` to `until`, both epoch milliseconds.

        Returns:
            None when that was done, else where it stands now.

        Raises:
            AwsError: The table could not be used.
        """
        values = {
            ":expected": _number(expected),
            ":until": _number(until),
            ":expires": _number(int(self._clock()) + _KEPT),
        }
        refusal = self._update(
            _RATE,
            "SET next_at = :until, expires_at = :expires",
            values,
            {},
            {"ConditionExpression": "attribute_not_exists(pk) OR next_at = :expected"},
        )
        return None if refusal is None else int(refusal["next_at"]["N"])

    def check(self) -> None:
        """Use every permission that a run needs, on an item of its own; for smoke tests.

        Raises:
            AwsError: The table could not be used.
        """
        self.start("smoke", 0, "smoke", date.min)
        self.started("smoke", 0)
        self._update(
            _run("smoke", 0), "SET #owner = :me", {":me": _text("smoke")}, {"#owner": "owner"}, {}
        )

    def _put(
        self,
        item: dict[str, Any],
        condition: str,
        values: dict[str, Any] | None = None,
        names: dict[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """Write an item, or return the one that stands in the way."""
        expression: dict[str, Any] = {"ConditionExpression": condition}
        if values:
            expression |= {
                "ExpressionAttributeValues": values,
                "ExpressionAttributeNames": names or {},
            }
        expires = _number(int(self._clock()) + _KEPT)
        return self._conditionally("PutItem", {"Item": item | {"expires_at": expires}} | expression)

    def _update(
        self,
        key: str,
        expression: str,
        values: dict[str, Any],
        names: dict[str, str],
        condition: dict[str, str],
    ) -> dict[str, Any] | None:
        """Change an item, or return the one that stands in the way."""
        request = {
            "Key": {"pk": _text(key)},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
            **condition,
        }
        if names:
            request["ExpressionAttributeNames"] = names
        return self._conditionally("UpdateItem", request)

    def _conditionally(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
        asked = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        done, answer = self._call(operation, request | asked)
        return None if done else answer["Item"]

    def _call(self, operation: str, request: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Whether it was done, as a condition asked; and the answer either way."""
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        body = json.dumps({"TableName": self._table, **request}).encode()
        answer = self._api.call("POST", "/", headers=headers, body=body)
        if answer.status >= _FAILED and code(answer) != _REFUSED:
            raise AwsError(code(answer), "using the ledger failed", answer.status)
        return answer.status < _FAILED, json.loads(answer.body)


def _digest(day: date, monitor: UUID) -> str:
    return f"digest#{day.isoformat()}#{monitor}"


def _run(root: str, link: int) -> str:
    return f"run#{root}#{link}"


def _started(item: dict[str, Any]) -> Started:
    return Started(item["owner"]["S"], date.fromisoformat(item["day"]["S"]))


def _text(value: object) -> dict[str, str]:
    return {"S": str(value)}


def _number(value: float) -> dict[str, str]:
    return {"N": str(value)}
