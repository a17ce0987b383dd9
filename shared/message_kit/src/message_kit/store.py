"""The table of messages, for those who send them and look at them.

A message goes created → queued → processing → completed or failed; `claims` is for those who work
on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from message_kit import cursor as cursors
from message_kit import items
from message_kit.message import Key, Message, Status, timestamp
from message_kit.records import Records, moved, query, readable
from message_kit.table import Refused, names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any


# What `Message.document` shows. A timeline is a third of an item, and a list does not tell it.
_SHOWN: Final = names(" ".join(f"#{n}" for n in Message.model_fields if n != "timeline"))


class NotFoundError(Exception):
    """There is no message of that id."""


class ConflictError(Exception):
    """A message is not in a status that allows what was asked for.

    Attributes:
        status: The status that it is in.
    """

    def __init__(self, status: Status) -> None:
        """Name the status."""
        super().__init__(f"the message is {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first.

    Attributes:
        documents: At most as many messages as were asked for, each as `Message.document` shows
            it. They are as they were stored: to check them would take longer than all the rest.
        next_cursor: What to ask for the next page with, None after the last.
    """

    documents: tuple[dict[str, Any], ...]
    next_cursor: str | None


class MessageStore(Records):
    """The messages of one stage."""

    def create(self, message: Message) -> bool:
        """Store a message; False when there is one of its key already.

        Raises:
            AwsError: The table could not be used; as by every method here.
        """
        return self._table.put_new(message.model_dump(mode="json", exclude_none=True))

    def get(self, message_id: str) -> Message | None:
        """A message by its id, as it is at this moment."""
        answer = self._table.call(
            "Query",
            {
                "KeyConditionExpression": "#id = :id",
                "ExpressionAttributeNames": {"#id": "id"},
                "ExpressionAttributeValues": {":id": {"S": message_id}},
                "ConsistentRead": True,
                "Limit": 1,
            },
        )
        return next(readable(map(items.values, answer["Items"])), None)

    def page(
        self,
        *,
        stage: str,
        status: Status | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """A page of messages without their timelines, newest first; one Query of one index.

        It may hold less than `limit` and still have a successor: DynamoDB ends a page at 1 MB.

        Args:
            stage: Of this table: all its messages are of one stage.
            status: Only those that are in it.
            limit: Messages at most.
            cursor: Where the page before ended.

        Raises:
            BadCursorError: The cursor was not handed out for this list.
        """
        index, value = ("status", status.value) if status else ("stage", stage)
        question = f"{self._table.name}/{stage}/{index}={value}"
        asked = query(index, value) | {"Limit": limit, "ProjectionExpression": ", ".join(_SHOWN)}
        asked["ExpressionAttributeNames"] |= _SHOWN
        if cursor is not None:
            asked["ExclusiveStartKey"] = items.item(cursors.unseal(question, cursor))
        answer = self._table.call("Query", asked)
        found = tuple(map(items.values, answer["Items"]))
        last = answer.get("LastEvaluatedKey")
        return Page(found, cursors.seal(question, items.values(last)) if last else None)

    def queued(self, key: Key) -> None:
        """Note that a message was published; nothing is done when it has come further already."""
        moment = self._moment(Status.QUEUED)
        created = {"created": Status.CREATED}
        moved(lambda: self._move(key, moment, "#status = :created", created))

    def retry(self, message_id: str, note: str = "") -> Message:
        """Make a failed message a new one to publish: `Outbox.retry` does both.

        Raises:
            NotFoundError: There is none of that id.
            ConflictError: It has not failed.
        """
        message = self.get(message_id)
        if message is None:
            raise NotFoundError(message_id)
        moment = self._moment(Status.CREATED, note)
        try:
            found = self._move(
                message.key,
                moment,
                "#status = :failed",
                {"failed": Status.FAILED, "one": 1},
                ", #retry_count = #retry_count + :one REMOVE #error_message",
            )
        except Refused as refused:
            # Written before, by a call whose answer was lost and that was sent again: it is ours
            # to publish. Two who ask in one millisecond both publish it, which is harmless.
            if refused.found is None or refused.found.get("timeline", [])[-1:] != moment["moment"]:
                raise ConflictError(_status(refused.found)) from None
            found = refused.found
        return Message.model_validate(found)

    def unpublished(self, before: datetime) -> Iterator[Message]:
        """Messages that were stored before then and are not known to be published."""
        asked: dict[str, Any] = query("status", Status.CREATED)
        asked["KeyConditionExpression"] += " AND #created_date < :before"
        # One that is sent again has an old date of creation.
        asked["FilterExpression"] = "#updated_date < :before"
        asked["ExpressionAttributeNames"] |= names("#created_date #updated_date")
        asked["ExpressionAttributeValues"][":before"] = {"S": timestamp(before)}
        return readable(self._listed(asked | {"ScanIndexForward": True}))

    def check(self) -> None:
        """Raise unless the table can be read.

        Raises:
            AwsError: It cannot.
        """
        self.get("msg_00000000000000_00000000")


def _status(found: dict[str, Any] | None) -> Status:
    if found is None:
        raise NotFoundError("the message is gone")
    return Status(found["status"])
