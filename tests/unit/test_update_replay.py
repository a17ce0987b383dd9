"""Ten thousand events in any order, some twice, through the store's own code.

The table is in memory, with the four operations and the two conditions that the store uses;
tests/contract/test_software_updates.py runs the same kind of replay against a real one.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from function_kit.aws_errors import AwsError
from software_event_update_handler.events import Status, UpdateEvent
from software_event_update_handler.progress import Progress, latest, progress
from software_event_update_handler.store import Updates

from tests.kit.junit import Record

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEVICES, EVENTS_EACH = 100, 100


class Table:
    """DynamoDB, as far as the store knows it. What it was not asked yet, it refuses."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, dict[str, Any]]] = {}

    def call_json(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        # Through JSON, as on the wire: nothing is shared by accident.
        answer: dict[str, Any] = getattr(self, operation)(json.loads(json.dumps(given)))
        return answer

    def TransactWriteItems(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's
        puts = [item["Put"] for item in given["TransactItems"]]
        if not all(self._holds(put) for put in puts):
            raise AwsError("TransactionCanceledException", "refused", 400)
        for put in puts:
            self._write(put["Item"])
        return {}

    def PutItem(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's
        if not self._holds(given):
            raise AwsError("ConditionalCheckFailedException", "refused", 400)
        self._write(given["Item"])
        return {}

    def GetItem(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's
        assert given["ConsistentRead"]
        item = self._known(given["Key"])
        return {"Item": item} if item else {}

    def Query(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's
        assert given["ConsistentRead"]
        assert given["KeyConditionExpression"] == "device_id = :device AND begins_with(sk, :log)"
        device = given["ExpressionAttributeValues"][":device"]["S"]
        keys = sorted(
            (k for k in self.items.get(device, {}) if k.startswith("event#")), reverse=True
        )
        if start := given.get("ExclusiveStartKey"):
            keys = [key for key in keys if key < start["sk"]["S"]]
        page = keys[: given["Limit"]]
        answer: dict[str, Any] = {"Items": [self.items[device][key] for key in page]}
        if len(keys) > len(page):
            answer["LastEvaluatedKey"] = {"device_id": {"S": device}, "sk": {"S": page[-1]}}
        return answer

    def _known(self, item: dict[str, Any]) -> dict[str, Any] | None:
        return self.items.get(item["device_id"]["S"], {}).get(item["sk"]["S"])

    def _holds(self, put: dict[str, Any]) -> bool:
        known = self._known(put["Item"])
        condition = put.get("ConditionExpression")
        if condition == "attribute_not_exists(device_id)":
            return known is None
        assert condition == "#number = :number"
        return known is not None and known["number"] == put["ExpressionAttributeValues"][":number"]

    def _write(self, item: dict[str, Any]) -> None:
        self.items.setdefault(item["device_id"]["S"], {})[item["sk"]["S"]] = item


def made(chance: random.Random) -> list[UpdateEvent]:
    """Events of many devices: mostly as updates go, now and then anything."""
    statuses = list(Status)
    events = []
    for device in range(DEVICES):
        for minute in range(EVENTS_EACH):
            usual = statuses[minute % 4] if chance.random() < 0.7 else chance.choice(statuses)
            told = {
                "device_id": f"ppu-{device}",
                "event_id": f"e-{minute}",
                "version": f"{minute // 4}.0",
                "status": usual,
                "event_time": (START + timedelta(minutes=minute)).isoformat(),
            }
            events.append(UpdateEvent.model_validate(told))
    return events


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_events_in_any_order_end_in_the_same_states(
    seed: int, record_property: Record
) -> None:
    chance = random.Random(seed)
    events = made(random.Random(0))
    told = [*events, *chance.choices(events, k=len(events) // 5)]
    chance.shuffle(told)
    record_property("events", len(events))
    updates = Updates("updates")
    table = Table()
    updates._api = table  # type: ignore[assignment]
    repeats = 0
    for event in told:
        repeats += updates.keep(event)
        updates.settle(event.device_id)
    assert (len(events), repeats) == (DEVICES * EVENTS_EACH, len(told) - len(events))
    for device in range(DEVICES):
        name = f"ppu-{device}"
        own = [event for event in events if event.device_id == name]
        wanted = progress(latest(sorted(own, key=lambda each: each.order, reverse=True)))
        assert isinstance(wanted, Progress)
        assert table.items[name]["state"]["event_id"]["S"] == wanted.last.event_id
        assert sum(key.startswith("event#") for key in table.items[name]) == EVENTS_EACH
