"""Events and states in a DynamoDB table; the README says under which keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi

from software_event_update_handler.events import UpdateEvent
from software_event_update_handler.progress import Progress, latest, progress

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds. Three attempts of a call, and a few calls, end before Lambda's 10.
_TIMEOUT: Final = 1.5
_PAGE: Final = 25
_TRIES: Final = 3
_ROUNDS: Final = 20
_LOG: Final = "event#"
_IDS: Final = "id#"
_STATE: Final = "state"
_PROBE: Final = ".smoke-test"
_REFUSED: Final = ("ConditionalCheckFailedException", "TransactionCanceledException")


class EventIdReused(Exception):  # noqa: N818 - an answer, not a malfunction
    """The id was another event's."""


class Updates:
    """The table."""

    def __init__(self, table: str) -> None:
        """Keep its name; nothing is sent yet."""
        self._table = table
        self._api = SignedApi("dynamodb", timeout=_TIMEOUT)

    def keep(self, event: UpdateEvent) -> bool:
        """Enter an event into its device's log, once.

        Returns:
            Whether it was there already.

        Raises:
            EventIdReused: The log has another event of this id.
            AwsError: DynamoDB refused or did not answer.
        """
        for _ in range(_TRIES):
            if self._enter(event):
                return False
            known = self._get(event.device_id, _IDS + event.event_id)
            if known is None:
                continue  # refused because the same event was on its way from elsewhere
            if UpdateEvent.model_validate_json(known["event"]["S"]) != event:
                raise EventIdReused
            return True
        raise AwsError("TransactionConflict", "keeping an event failed", 409)

    def settle(self, device: str) -> Progress | None:
        """Work out where a device stands, and keep that too.

        Raises:
            AwsError: DynamoDB refused, did not answer, or others were faster each time.
        """
        for _ in range(_ROUNDS):
            # In this order: whoever writes last has read the log after all others wrote it.
            known = self._get(device, _STATE)
            stands = self.stands(device)
            if stands is None or (known and known["order"]["S"] == stands.last.order):
                return stands
            if self._put_state(device, stands, known):
                return stands
        raise AwsError("TransactionConflict", "keeping the device's state failed", 409)

    def stands(self, device: str) -> Progress | None:
        """Where a device stands, by its log."""
        return progress(latest(self.newest(device)))

    def newest(self, device: str, before: str | None = None) -> Iterator[UpdateEvent]:
        """A device's events, newest first.

        Args:
            device: Whose.
            before: The order of an event; only those before it. None for all.
        """
        start: Any = None if before is None else _key(device, _LOG + before)
        while True:
            page, start = self._page(device, start)
            yield from page
            if start is None:
                return

    def check(self) -> None:
        """For smoke tests: write an event of no device, and read it.

        Raises:
            AwsError: DynamoDB refused or did not answer.
        """
        item = {**_key(_PROBE, _STATE), "order": {"S": ""}}
        self._api.call_json("PutItem", {"TableName": self._table, "Item": item})
        self._get(_PROBE, _STATE)
        self._page(_PROBE, None)

    def close(self) -> None:
        """Close the connections to DynamoDB."""
        self._api.close()

    def _enter(self, event: UpdateEvent) -> bool:
        """Write an event under its time and its id, both or neither; whether that was done."""
        keys = (_LOG + event.order, _IDS + event.event_id)
        items = [self._new(event, key) for key in keys]
        try:
            self._api.call_json("TransactWriteItems", {"TransactItems": items})
        except AwsError as error:
            if error.code in _REFUSED:
                return False
            raise
        return True

    def _page(self, device: str, start: Any) -> tuple[list[UpdateEvent], Any]:
        parameters: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "device_id = :device AND begins_with(sk, :log)",
            "ExpressionAttributeValues": {":device": {"S": device}, ":log": {"S": _LOG}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": _PAGE,
        }
        if start:
            parameters["ExclusiveStartKey"] = start
        answer = self._api.call_json("Query", parameters)
        events = [UpdateEvent.model_validate_json(i["event"]["S"]) for i in answer["Items"]]
        return events, answer.get("LastEvaluatedKey")

    def _new(self, event: UpdateEvent, key: str) -> dict[str, Any]:
        item = {**_key(event.device_id, key), "event": {"S": event.model_dump_json()}}
        condition = "attribute_not_exists(device_id)"
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": condition}}

    def _get(self, device: str, key: str) -> dict[str, Any] | None:
        answer = self._api.call_json(
            "GetItem",
            {"TableName": self._table, "Key": _key(device, key), "ConsistentRead": True},
        )
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def _put_state(self, device: str, stands: Progress, known: dict[str, Any] | None) -> bool:
        """Write where a device stands, unless somebody else did since `known` was read."""
        number = int(known["number"]["N"]) if known else 0
        last = stands.last
        item = {
            **_key(device, _STATE),
            "order": {"S": last.order},
            "number": {"N": str(number + 1)},
            "version": {"S": last.version},
            "status": {"S": last.status.value},
            "event_id": {"S": last.event_id},
            "event_time": {"S": last.event_time.isoformat()},
        }
        parameters: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(device_id)",
        }
        if known:
            parameters["ConditionExpression"] = "#number = :number"
            parameters["ExpressionAttributeNames"] = {"#number": "number"}
            parameters["ExpressionAttributeValues"] = {":number": {"N": str(number)}}
        try:
            self._api.call_json("PutItem", parameters)
        except AwsError as error:
            if error.code == _REFUSED[0]:
                return False
            raise
        return True


def _key(device: str, key: str) -> dict[str, Any]:
    return {"device_id": {"S": device}, "sk": {"S": key}}
