"""What messaging functions are told by their environment, and what they make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from function_kit.settings import Settings
from function_kit.signed_api import SignedApi
from pydantic import Field

from message_kit.claims import Claims
from message_kit.message import Stage
from message_kit.outbox import Outbox
from message_kit.queue import Queue
from message_kit.schedules import Schedules
from message_kit.store import MessageStore
from message_kit.topic import Topic
from message_kit.work import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from message_kit.claims import Claimed
    from message_kit.work import Invocation

AWS_TIMEOUT: Final = 3.0
"""Seconds for an AWS service to connect, and again to answer; a call is tried three times."""

type Text = Annotated[str, Field(min_length=1)]
type Arn = Annotated[str, Field(pattern=r"^arn:[^:]+:[a-z]+:[^:]*:[0-9]{12}:.+$")]


class MessagingSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        stage: The deployment: dev, staging or prod.
        messages_table: The DynamoDB table of messages.
        messages_topic_arn: The SNS topic that messages are published to.
    """

    stage: Stage
    messages_table: Text
    messages_topic_arn: Arn

    def outbox(self) -> Outbox:
        """What sends messages; its `store` is the table."""
        store = MessageStore(SignedApi("dynamodb", timeout=AWS_TIMEOUT), self.messages_table)
        topic = Topic(SignedApi("sns", timeout=AWS_TIMEOUT), self.messages_topic_arn)
        return Outbox(store, topic)

    def claims(self) -> Claims:
        """Who works on which message."""
        return Claims(SignedApi("dynamodb", timeout=AWS_TIMEOUT), self.messages_table)


class WorkingSettings(MessagingSettings):
    """The same of a function that works on messages out of a queue.

    Attributes:
        queue_url: The queue that records come from.
        max_receive_count: How often the queue delivers a record before it is a dead letter.
        lease_seconds: For which a message is ours, unless the invocation ends sooner.
        retry_seconds: Until a record that failed is delivered again; twice that the next time.
    """

    queue_url: Text
    max_receive_count: Annotated[int, Field(ge=1, le=1000)] = 3
    lease_seconds: Annotated[float, Field(gt=0, le=900)] = 90.0
    retry_seconds: Annotated[int, Field(ge=0, le=3600)] = 30

    def worker(self, do: Callable[[Claimed, Invocation], str]) -> Worker:
        """What works on the queue's records.

        Args:
            do: See `Worker`.
        """
        queue = Queue(SignedApi("sqs", timeout=AWS_TIMEOUT), self.queue_url)
        return Worker(self, self.claims(), queue, do)


class SchedulingSettings(MessagingSettings):
    """The same of a function that makes schedules.

    Attributes:
        schedule_group: The group that they are in.
        schedule_target_arn: What they start: the alias of message-scheduler.
        schedule_role_arn: What lets Scheduler start it.
        schedule_dead_letters_arn: The queue that keeps what Scheduler could not start.
    """

    schedule_group: Text
    schedule_target_arn: Arn
    schedule_role_arn: Arn
    schedule_dead_letters_arn: Arn

    def schedules(self) -> Schedules:
        """The schedules of the group."""
        return Schedules(
            SignedApi("scheduler", timeout=AWS_TIMEOUT),
            self.schedule_group,
            target_arn=self.schedule_target_arn,
            role_arn=self.schedule_role_arn,
            dead_letters_arn=self.schedule_dead_letters_arn,
        )
