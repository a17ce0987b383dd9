"""The messages of a dead letter queue, taken for a while and given back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fleet.dead_letters.queues import DeadLetterQueue

_BATCH: Final = 10
# Long enough for what is done with ten messages; a command that is killed hides them so long.
_HIDDEN_SECONDS: Final = 120
# A long poll asks every server of the queue, so that an empty answer means an empty queue.
_POLL_SECONDS: Final = 1


@dataclass(frozen=True)
class Letter:
    """One message of a dead letter queue.

    Attributes:
        id: SQS's id of it.
        body: What was sent.
        attributes: The sender's, as SQS gives and takes them.
        sent_at: Seconds since the epoch; moving it here does not change that.
        first_received_at: The same, of the first try; 0 when there was none.
        received: How often it was taken, by looks at it too.
        source_arn: The queue that it came from, if SQS says so.
        receipt: What deletes it or gives it back.
    """

    id: str
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    sent_at: float
    first_received_at: float
    received: int
    source_arn: str | None
    receipt: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Letter:
        """The message as SQS answers it."""
        system = message.get("Attributes", {})
        return cls(
            id=message["MessageId"],
            body=message["Body"],
            attributes=message.get("MessageAttributes", {}),
            sent_at=int(system.get("SentTimestamp", 0)) / 1000,
            first_received_at=int(system.get("ApproximateFirstReceiveTimestamp", 0)) / 1000,
            received=int(system.get("ApproximateReceiveCount", 0)),
            source_arn=system.get("DeadLetterQueueSourceArn"),
            receipt=message["ReceiptHandle"],
        )

    def text(self, attribute: str) -> str:
        """An attribute of the sender's that is text; empty without it."""
        return str(self.attributes.get(attribute, {}).get("StringValue") or "")


class Box:
    """A dead letter queue, opened: each message is taken once and stays hidden meanwhile."""

    def __init__(self, sqs: Any, queue: DeadLetterQueue) -> None:
        self._sqs = sqs
        self._queue = queue
        self._receipts: dict[str, str] = {}
        self._seen: set[str] = set()

    def take(self, most: int = _BATCH) -> list[Letter]:
        """More messages, none that was taken before; empty when there are no more."""
        for _ in range(len(self._seen) // _BATCH + 2):
            answer = self._sqs.receive_message(
                QueueUrl=self._queue.url,
                MaxNumberOfMessages=min(most, _BATCH),
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=_POLL_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            letters = [Letter.of(message) for message in answer.get("Messages", [])]
            if not letters:
                return []
            # Of a message that came again, because its time was over, the last receipt counts.
            self._receipts |= {letter.id: letter.receipt for letter in letters}
            if new := [letter for letter in letters if letter.id not in self._seen]:
                self._seen |= {letter.id for letter in new}
                return new
        return []

    def delete(self, letters: Sequence[Letter]) -> list[str]:
        """Delete at most ten messages; the ids of those that could not be."""
        if not letters:
            return []
        answer = self._sqs.delete_message_batch(
            QueueUrl=self._queue.url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": self._receipts[letter.id]}
                for number, letter in enumerate(letters)
            ],
        )
        failed = {letters[int(entry["Id"])].id for entry in answer.get("Failed", [])}
        for letter in letters:
            if letter.id not in failed:
                del self._receipts[letter.id]
        return sorted(failed)

    def give_back(self) -> None:
        """Let everybody see again what was taken and not deleted."""
        for some in batched(self._receipts.values(), _BATCH, strict=False):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._queue.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for number, receipt in enumerate(some)
                ],
            )
        self._receipts.clear()


@contextmanager
def opened(sqs: Any, queue: DeadLetterQueue) -> Iterator[Box]:
    """A queue's box, whose messages are given back when the block ends, however it ends."""
    box = Box(sqs, queue)
    try:
        yield box
    finally:
        box.give_back()


def missing(wanted: Sequence[str], found: Sequence[str], queue: DeadLetterQueue) -> None:
    """Refuse when none of the messages that were asked for is there.

    Raises:
        FleetError: No message of these ids was found.
    """
    if wanted and not set(wanted) & set(found):
        raise FleetError(
            f"{queue.name} holds no message {', '.join(wanted)}",
            "`fleet dlq show` lists the ids; somebody else may hold the message at the moment",
            ExitCode.PREFLIGHT,
        )
