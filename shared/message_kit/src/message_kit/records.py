"""Items of the table of messages, and the one way in which a status changes.

Each change is one conditional write that also adds a line to the message's timeline, so that of
two who want to make it one succeeds, and nothing happens that the timeline does not tell.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from function_kit.logging import get_logger
from pydantic import ValidationError

from message_kit import items
from message_kit.message import Key, Message, Status, timestamp
from message_kit.table import Refused, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from function_kit.signed_api import SignedApi

INDEXES: Final = {"stage": "stage-created_date-index", "status": "status-created_date-index"}
MOVE: Final = (
    "SET #status = :status, #updated_date = :now,"
    " #timeline = list_append(if_not_exists(#timeline, :none), :moment)"
)
LONGEST_NOTE: Final = 500
log = get_logger()


class Records:
    """The table of one stage's messages."""

    def __init__(
        self, api: SignedApi, table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Take the table.

        Args:
            api: DynamoDB's.
            table: Its name.
            clock: Epoch seconds.
        """
        self._table = Table(api, table)
        self._clock = clock

    def _listed(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """All items that a query finds, page by page."""
        while True:
            answer = self._table.call("Query", query)
            yield from map(items.values, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _move(
        self,
        key: Key,
        moment: dict[str, object],
        condition: str,
        parameters: Mapping[str, object],
        more: str = "",
    ) -> dict[str, Any]:
        """Change a message's status; returns the item as it is then.

        Args:
            key: Which.
            moment: What `_moment` gives.
            condition: For its item, with `#name` for attributes and `:name` for values.
            parameters: The values that condition and `more` name.
            more: What else to change, as the rest of an UpdateExpression.

        Raises:
            Refused: The condition does not hold.
            AwsError: The table could not be used.
        """
        return self._table.update(
            key._asdict(), f"{MOVE}{more}", condition, {**moment, **parameters}
        )

    def _moment(self, status: Status, note: str = "") -> dict[str, object]:
        """What `MOVE` writes: the status, and a line of the timeline."""
        at = timestamp(datetime.fromtimestamp(self._clock(), UTC))
        moment = {"status": status, "at": at} | ({"note": note[:LONGEST_NOTE]} if note else {})
        return {"status": status, "now": at, "none": [], "moment": [moment]}


def query(index: str, value: str) -> dict[str, Any]:
    """A query for the messages of a stage or status, newest first."""
    return {
        "IndexName": INDEXES[index],
        "KeyConditionExpression": "#hash = :hash",
        "ExpressionAttributeNames": {"#hash": index},
        "ExpressionAttributeValues": {":hash": {"S": value}},
        "ScanIndexForward": False,
    }


def readable(found: Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    """The messages of items; one that another release has written otherwise is left out."""
    for item in found:
        try:
            yield Message.model_validate(item)
        except ValidationError as error:
            faults = [".".join(map(str, fault["loc"])) for fault in error.errors()]
            log.error("message_unreadable", message_id=item.get("id"), faults=faults)  # noqa: TRY400 - pydantic quotes


def moved(change: Callable[[], object]) -> bool:
    """Whether a change was made; False when its condition did not hold."""
    try:
        change()
    except Refused:
        return False
    return True
