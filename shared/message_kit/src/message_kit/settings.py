"""What messaging functions are told by their environment, and what they make of it."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import Settings
from function_kit.signed_api import SignedApi
from pydantic import Field

from message_kit.claims import Claims
from message_kit.message import Stage
from message_kit.outbox import Outbox
from message_kit.schedules import Schedules
from message_kit.store import MessageStore
from message_kit.topic import Topic

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


class SchedulingSettings(MessagingSettings):
    """The same of a function that makes schedules.

    Attributes:
        schedule_group: The group that they are in.
        schedule_target_arn: What they start: the alias of message-scheduler.
        schedule_role_arn: What lets Scheduler start it.
    """

    schedule_group: Text
    schedule_target_arn: Arn
    schedule_role_arn: Arn

    def schedules(self) -> Schedules:
        """The schedules of the group."""
        return Schedules(
            SignedApi("scheduler", timeout=AWS_TIMEOUT),
            self.schedule_group,
            target_arn=self.schedule_target_arn,
            role_arn=self.schedule_role_arn,
        )
