"""Storing and publishing a message, without a moment in which one is done and the other never is.

A message is stored as `created`, published, and then noted as `queued`. Whoever dies in between
leaves it `created`, and `sweep`, which runs every minute, publishes it. So a message may be
published more than once and is never lost; that a duplicate does nothing is the consumers' part,
which they need anyway, because SNS and SQS deliver at least once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger

from message_kit.message import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.deadline import Deadline

    from message_kit.message import Message
    from message_kit.store import MessageStore
    from message_kit.topic import Topic

GRACE: Final = timedelta(seconds=60)
"""For which a message may be `created`: longer than anybody who publishes it still lives."""
log = get_logger()


class Outbox:
    """Sends messages."""

    def __init__(
        self,
        store: MessageStore,
        topic: Topic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take where messages are kept and where they are published."""
        self.store = store
        self._topic = topic
        self._now = now

    def send(self, message: Message) -> bool:
        """Store a message and publish it.

        Once this returns, it is stored and will be worked on, also when publishing failed just
        now: `sweep` does it then.

        Returns:
            False when a message of that key was there already; it is left alone.

        Raises:
            AwsError: It was not stored.
        """
        if not self.store.create(message):
            return False
        self._publish_or_leave(message)
        return True

    def retry(self, message_id: str, note: str = "") -> Message:
        """Send a failed message once more; returns it as it is to be published.

        Raises:
            NotFoundError: There is none of that id.
            ConflictError: It has not failed.
            AwsError: The table could not be used.
        """
        message = self.store.retry(message_id, note)
        self._publish_or_leave(message)
        return message

    def sweep(self, deadline: Deadline) -> int:
        """Publish what was left behind; returns how many messages.

        Raises:
            AwsError: The table or the topic could not be used.
        """
        swept = 0
        for message in self.store.unpublished(self._now() - GRACE):
            if deadline.expired:
                break
            self._publish(message)
            swept += 1
        return swept

    def check(self) -> None:
        """Raise unless messages could be stored and published; nothing is.

        Raises:
            AwsError: They could not.
        """
        self.store.check()
        self._topic.check()

    def _publish_or_leave(self, message: Message) -> None:
        try:
            self._publish(message)
        except AwsError as error:
            log.warning("message_left_to_the_sweep", message_id=message.id, reason=error.code)

    def _publish(self, message: Message) -> None:
        self._topic.publish(message.model_copy(update={"status": Status.QUEUED}))
        self.store.queued(message.key)
