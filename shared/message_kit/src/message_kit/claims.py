"""Working on messages: of all who get one from a queue, one has it at a time.

A claim is a lease: after its time anybody may take the message over. Attributes of a message's item
beside its own: `lease_until` (epoch seconds), `lease_owner` (who works on it), `lease_delivery`
(the queue's id of the record that asked for it) and `attempted_at` (since when a try may have had
its effect without anybody having written it down).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from message_kit import items
from message_kit.message import Key, Message, Status
from message_kit.records import LONGEST_NOTE, Records, moved, query
from message_kit.table import Refused, names

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAKE: Final = (
    ", #lease_until = :until, #lease_owner = :owner, #lease_delivery = :delivery,"
    " #attempted_at = if_not_exists(#attempted_at, :seconds)"
)
_FREE: Final = (
    "#status IN (:created, :queued, :failed) OR (#status = :processing AND #lease_until < :seconds)"
)
_UNLEASE: Final = " REMOVE #lease_until, #lease_owner, #lease_delivery"
_STATUSES: Final = {status.value: status for status in Status if status != Status.COMPLETED}


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on a message.

    Attributes:
        owner: Who works on it: an id of this one claim.
        delivery: The queue's id of the record that asked for it.
        until: Epoch seconds after which somebody else may take it over.
    """

    owner: str
    delivery: str
    until: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to work on.

    Attributes:
        message: As it is now.
        lease: Ours.
        unsettled_since: Epoch seconds of an earlier try that may have had its effect, although
            nobody wrote that down; None when there was none.
    """

    message: Message
    lease: Lease
    unsettled_since: float | None


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Why a message is not ours.

    Attributes:
        why: It is done; somebody works on it for another record of the queue (`held`), or for
            this very one (`ours`: SQS has delivered it twice); or no such message is stored.
        until: Epoch seconds until which it is held.
    """

    why: Literal["completed", "held", "ours", "unknown"]
    until: float = 0.0


class Claims(Records):
    """Who works on which message."""

    def claim(self, key: Key, lease: Lease) -> Claimed | NotClaimed:
        """Take a message to work on it.

        What nobody has worked on, what has failed, and what its worker has left for longer than
        the lease can be taken.

        Raises:
            AwsError: The table could not be used; as by every method here.
        """
        now = self._clock()
        moment = self._moment(Status.PROCESSING)
        wanted = {"until": lease.until, "owner": lease.owner, "delivery": lease.delivery}
        try:
            found = self._move(key, moment, _FREE, _STATUSES | wanted | {"seconds": now}, _TAKE)
        except Refused as refused:
            # Written before, by a call whose answer was lost and that was sent again: no other
            # claim has this owner.
            if refused.found is None or refused.found.get("lease_owner") != lease.owner:
                return _not_claimed(refused.found, lease)
            found = refused.found
        began = float(found["attempted_at"])
        return Claimed(Message.model_validate(found), lease, began if began != now else None)

    def complete(self, claimed: Claimed, note: str = "") -> bool:
        """Note that a message's work is done; False when somebody has taken it over meanwhile."""
        ends = f"{_UNLEASE}, #attempted_at, #error_message"
        return self._settle(claimed, Status.COMPLETED, note, ends, {})

    def requeue(self, claimed: Claimed, reason: str, *, settled: bool) -> bool:
        """Give a message back after a try that failed; the queue delivers it again.

        Args:
            claimed: What is given back.
            reason: Why it failed.
            settled: Whether it is certain that the try had no effect.

        Returns:
            False when somebody has taken it over meanwhile.
        """
        counts = ", #error_message = :reason, #retry_count = #retry_count + :one"
        parameters = {"reason": reason[:LONGEST_NOTE], "one": 1}
        ends = counts + _unlease(settled)
        return self._settle(claimed, Status.QUEUED, reason, ends, parameters)

    def fail(self, claimed: Claimed, reason: str, *, settled: bool) -> bool:
        """Note that a message has failed for good; see `requeue`."""
        ends = f", #error_message = :reason{_unlease(settled)}"
        return self._settle(claimed, Status.FAILED, reason, ends, {"reason": reason[:LONGEST_NOTE]})

    def check(self) -> None:
        """Raise unless messages can be claimed.

        Raises:
            AwsError: They cannot.
        """
        nobody = Lease("check", "check", 0)
        self.claim(Key("msg_00000000000000_00000000", "never"), nobody)

    def abandoned(self, before: float) -> Iterator[Key]:
        """Messages whose worker's lease ended before that second of the epoch."""
        asked: dict[str, Any] = query("status", Status.PROCESSING)
        asked["FilterExpression"] = "#lease_until < :before"
        asked["ExpressionAttributeNames"] |= names("#lease_until")
        asked["ExpressionAttributeValues"][":before"] = items.encode(before)
        return (Key(item["id"], item["created_date"]) for item in self._listed(asked))

    def give_up(self, key: Key, before: float, reason: str) -> bool:
        """Fail a message that was abandoned before then; False when it is not so any more."""
        left = {"processing": Status.PROCESSING, "before": before, "reason": reason}
        return moved(
            lambda: self._move(
                key,
                self._moment(Status.FAILED, reason),
                "#status = :processing AND #lease_until < :before",
                left,
                f", #error_message = :reason{_UNLEASE}",
            )
        )

    def _settle(
        self, claimed: Claimed, status: Status, note: str, ends: str, parameters: dict[str, object]
    ) -> bool:
        """End a claim that is still ours."""
        ours = {"owner": claimed.lease.owner, "processing": Status.PROCESSING}
        condition = "#status = :processing AND #lease_owner = :owner"
        moment = self._moment(status, note)
        key = claimed.message.key
        return moved(lambda: self._move(key, moment, condition, ours | parameters, ends))


def _unlease(settled: bool) -> str:
    return _UNLEASE + (", #attempted_at" if settled else "")


def _not_claimed(found: dict[str, Any] | None, lease: Lease) -> NotClaimed:
    if found is None:
        return NotClaimed("unknown")
    if found["status"] == Status.COMPLETED:
        return NotClaimed("completed")
    same = found.get("lease_delivery") == lease.delivery
    return NotClaimed("ours" if same else "held", float(found.get("lease_until", 0)))
