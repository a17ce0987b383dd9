"""Objects that arrived in S3, as a function hears of them through a queue.

S3 sends each notification to SQS, and Lambda hands the function a batch of messages. What fails is
answered message by message (`batchItemFailures`), so that one bad message does not bring back the
whole batch: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import unquote_plus

from pydantic import BaseModel, Field, Json, ValidationError

from function_kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable

type _Text = Annotated[str, Field(min_length=1)]


class Arrival(NamedTuple):
    """An object that was written, and the message that said so."""

    message_id: str
    bucket: str
    key: str


class Batch(NamedTuple):
    """What a batch holds: arrivals, and the ids of messages that are no notifications of S3."""

    arrivals: list[Arrival]
    unreadable: list[str]


class _Message(BaseModel):
    id: _Text = Field(alias="messageId")
    body: str


class _Event(BaseModel):
    messages: Annotated[list[_Message], Field(alias="Records", min_length=1)]


class _Named(BaseModel):
    name: _Text


class _Keyed(BaseModel):
    key: _Text


class _Where(BaseModel):
    bucket: _Named
    object: _Keyed


class _Notice(BaseModel):
    s3: _Where


class _Notification(BaseModel):
    """S3's own; or its test message, which it sends once when a notification is set up."""

    event: str = Field(default="", alias="Event")
    records: list[_Notice] = Field(default=[], alias="Records")


class _Body(BaseModel):
    body: Json[_Notification]


def is_batch(event: dict[str, Any]) -> bool:
    """Whether the event came from a queue."""
    return "Records" in event


def read(event: dict[str, Any]) -> Batch:
    """The arrivals in a batch, in the order of its messages.

    Raises:
        ValidationError: It is not a batch of SQS messages.
    """
    batch = Batch([], [])
    for message in _Event.model_validate(event).messages:
        try:
            notification = _Body.model_validate({"body": message.body}).body
        except ValidationError:
            get_logger().warning("message_unreadable", message_id=message.id)
            batch.unreadable.append(message.id)
            continue
        if not notification.records and notification.event != "s3:TestEvent":
            get_logger().warning("message_unreadable", message_id=message.id)
            batch.unreadable.append(message.id)
        # A plus or a percent sign stands for something else in a key that S3 reports.
        batch.arrivals.extend(
            Arrival(message.id, each.s3.bucket.name, unquote_plus(each.s3.object.key))
            for each in notification.records
        )
    return batch


def failures(message_ids: Iterable[str]) -> dict[str, Any]:
    """The answer that leaves these messages in the queue, each named once."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in dict.fromkeys(message_ids)]}
