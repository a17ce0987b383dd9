"""Sending the messages of a dead letter queue back, at a rate.

SQS can move messages itself (StartMessageMoveTask), but only all of them, only of queues, without
a rehearsal, and it goes on when the operator stops. So this does it: each message is sent first
and deleted after, so that none is lost. One that was sent and then could not be deleted is sent
again the next time; whoever takes messages from a queue must bear that anyway.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fleet.dead_letters.delivery import Delivery
from fleet.dead_letters.letters import opened
from fleet.dead_letters.origin import origin_of
from fleet.dead_letters.queues import name_of
from fleet.errors import ExitCode
from fleet.release.runner import Cancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleet.dead_letters.letters import Box, Letter
    from fleet.dead_letters.origin import Origin
    from fleet.dead_letters.queues import DeadLetterQueue, Queues
    from fleet.release.runner import Runner

_BATCH: Final = 10


@dataclass(frozen=True)
class Wanted:
    """What the operator asked for.

    Attributes:
        rate: Messages a second.
        most: How many at most; None for all.
        ids: Only these; empty for all.
        to: The ARN of the queue to send to, in place of where they came from.
        dry_run: Whether to look only.
    """

    rate: float
    most: int | None = None
    ids: tuple[str, ...] = ()
    to: str | None = None
    dry_run: bool = False


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        sent: How many went where; in a rehearsal, would go.
        kept: Why a message stayed, by its id.
        twice: Messages that were sent but not deleted: they come again.
        found: The ids of those that were asked for, of all that were seen.
        stopped: Whether the operator stopped it.
    """

    sent: Counter[str] = field(default_factory=Counter)
    kept: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """A person is needed where something stayed that should have gone."""
        unsettled = self.kept or self.twice or self.stopped
        return ExitCode.NEEDS_PERSON if unsettled else ExitCode.DONE


class Redrive:
    """One way back, from one queue."""

    def __init__(self, queues: Queues, functions: Any, runner: Runner, wanted: Wanted) -> None:
        """Prepare it.

        Args:
            queues: The environment's.
            functions: A client of Lambda.
            runner: Time, and the operator's wish to stop.
            wanted: What to send.
        """
        self._queues = queues
        self._delivery = Delivery(queues, functions)
        self._runner = runner
        self._wanted = wanted

    def run(self, queue: DeadLetterQueue) -> Outcome:
        """Send back what was in the queue when it began.

        What fails again meanwhile, and comes back here, stays: it would go round for ever.
        """
        outcome = Outcome()
        # A few at a time, so that the time for which SQS hides them is enough at any rate.
        at_once = max(1, min(_BATCH, math.floor(self._wanted.rate * 2)))
        with opened(self._queues.client, queue) as box:
            began = self._server_time(queue)
            try:
                while room := self._room(outcome, at_once):
                    letters = box.take(room)
                    if not letters:
                        break
                    chosen = [letter for letter in letters if self._chosen(letter, began)]
                    self._batch(box, queue, chosen, outcome)
                    self._runner.check()
            except Cancelled:
                outcome.stopped = True
        return outcome

    def _room(self, outcome: Outcome, at_once: int) -> int:
        """How many messages more are wanted, at most so many."""
        ids = self._wanted.ids
        if ids and len(outcome.found) == len(set(ids)):
            return 0
        if self._wanted.most is None:
            return at_once
        return min(at_once, self._wanted.most - outcome.sent.total())

    def _chosen(self, letter: Letter, began: float) -> bool:
        again = letter.sent_at > began or letter.id in self._delivery.given
        return not again and (not self._wanted.ids or letter.id in self._wanted.ids)

    def _batch(
        self, box: Box, queue: DeadLetterQueue, letters: Sequence[Letter], outcome: Outcome
    ) -> None:
        outcome.found += [letter.id for letter in letters]
        ways: dict[str, list[tuple[Letter, Origin]]] = {}
        for letter in letters:
            origin = origin_of(letter, queue)
            target, obstacle = self._way(origin)
            if obstacle:
                outcome.kept[letter.id] = obstacle
            else:
                ways.setdefault(target, []).append((letter, origin))
        for target, pairs in ways.items():
            self._send(box, target, pairs, outcome)

    def _way(self, origin: Origin) -> tuple[str, str]:
        """Where a message goes, and what keeps it from going there."""
        if self._wanted.to:
            return self._wanted.to, ""
        target = origin.target or ""
        if origin.obstacle:
            return target, origin.obstacle
        name = target.partition(":function:")[2] or name_of(target)
        if not name.startswith(self._queues.prefix):
            return target, f"{name} is not of this environment: give --to"
        return target, ""

    def _send(
        self, box: Box, target: str, pairs: Sequence[tuple[Letter, Origin]], outcome: Outcome
    ) -> None:
        where = name_of(target) if ":sqs:" in target else target.partition(":function:")[2]
        if self._wanted.dry_run:
            outcome.sent[where] += len(pairs)
            return
        letters = [letter for letter, _ in pairs]
        # Before the messages go, so that the rate is never passed, not even by the first ones.
        self._runner.sleep(len(pairs) / self._wanted.rate)
        # From here to the deletion nothing stops it: a message would go twice.
        refused = self._delivery.send(target, pairs)
        gone = [letter for letter in letters if letter.id not in refused]
        outcome.kept |= refused
        outcome.sent[where] += len(gone)
        try:
            outcome.twice += box.delete(gone)
        except (BotoCoreError, ClientError):
            outcome.twice += [letter.id for letter in gone]

    def _server_time(self, queue: DeadLetterQueue) -> float:
        """SQS's own time, which messages are stamped with; rounded up to a second."""
        answer = self._queues.client.get_queue_attributes(
            QueueUrl=queue.url, AttributeNames=["QueueArn"]
        )
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date).timestamp() + 1 if date else self._runner.now()
