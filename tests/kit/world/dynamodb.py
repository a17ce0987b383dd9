"""DynamoDB, as far as the history and its locks use it: conditions, queries, transactions."""

from __future__ import annotations

import marshal
from dataclasses import dataclass, field
from typing import Any

from tests.kit.world.expressions import Item, compiled, holds
from tests.kit.world.functions import AwsError

type Answer = dict[str, Any]
_MOST_ACTIONS = 100


def _copied(item: Item) -> Item:
    """What DynamoDB keeps or gives is its own. Of plain values only, which is all that it takes."""
    copied: Item = marshal.loads(marshal.dumps(item))  # noqa: S302 - written a moment ago
    return copied


@dataclass
class Table:
    """A table with a hash and a range key, both strings.

    Attributes:
        overwritten: every item that was replaced, and by what.
    """

    hash_name: str = "function"
    range_name: str = "release_id"
    partitions: dict[str, dict[str, Item]] = field(default_factory=dict)
    overwritten: list[tuple[Item, Item]] = field(default_factory=list)

    def get(self, key: Item) -> Item | None:
        hashed, ranged = self._key(key)
        return self.partitions.get(hashed, {}).get(ranged)

    def put(self, item: Item) -> None:
        hashed, ranged = self._key(item)
        if before := self.get(item):
            self.overwritten.append((before, item))
        self.partitions.setdefault(hashed, {})[ranged] = _copied(item)

    def delete(self, key: Item) -> None:
        hashed, ranged = self._key(key)
        self.partitions.get(hashed, {}).pop(ranged, None)

    def _key(self, item: Item) -> tuple[str, str]:
        return item[self.hash_name]["S"], item[self.range_name]["S"]


@dataclass
class DynamoDB:
    """The tables of an account."""

    tables: dict[str, Table] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)

    def put_item(self, TableName: str, Item: Item, **condition: Any) -> Answer:
        table = self._table(TableName)
        if not _met(table.get(Item), condition):
            raise _refused()
        table.put(Item)
        return {}

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool = False) -> Answer:
        assert ConsistentRead, "the history is only ever read as it is"
        table = self._table(TableName)
        found = table.get(Key)
        return {"Item": _copied(found)} if found else {}

    def query(
        self,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Item,
        ExpressionAttributeNames: dict[str, str] | None = None,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ConsistentRead: bool = False,
        **more: Any,
    ) -> Answer:
        assert not more, f"this fake does not know {sorted(more)}"
        assert ConsistentRead, "the history is only ever read as it is"
        table = self._table(TableName)
        check, names = compiled(KeyConditionExpression), ExpressionAttributeNames or {}
        hashes = [value.get("S", "") for value in ExpressionAttributeValues.values()]
        near = [item for value in hashes for item in table.partitions.get(value, {}).values()]
        items = [item for item in near if check(item, names, ExpressionAttributeValues)]
        items.sort(key=lambda item: item[table.range_name]["S"], reverse=not ScanIndexForward)
        found = [_copied(item) for item in items[:Limit]]
        answer: Answer = {"Items": found, "Count": len(found)}
        if Limit and len(found) == Limit:
            answer["LastEvaluatedKey"] = {
                name: found[-1][name] for name in (table.hash_name, table.range_name)
            }
        return answer

    def transact_write_items(
        self, TransactItems: list[dict[str, Any]], ClientRequestToken: str = ""
    ) -> Answer:
        if ClientRequestToken in self._done:
            return {}
        assert len(TransactItems) <= _MOST_ACTIONS
        actions = [next(iter(entry.items())) for entry in TransactItems]
        met = [self._is_met(action) for _, action in actions]
        if not all(met):
            reasons = [
                {"Code": "None"} if well else {"Code": "ConditionalCheckFailed"} for well in met
            ]
            codes = ", ".join(reason["Code"] for reason in reasons)
            raise AwsError(
                "TransactionCanceledException",
                f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",  # noqa: E501
                CancellationReasons=reasons,
            )
        for kind, action in actions:
            self._apply(kind, action)
        self._done.add(ClientRequestToken)
        return {}

    def _is_met(self, action: Item) -> bool:
        table = self._table(action["TableName"])
        item = table.get(action.get("Key") or action["Item"])
        what = {"TableName", "Key", "Item"}
        return _met(item, {name: value for name, value in action.items() if name not in what})

    def _apply(self, kind: str, action: Item) -> None:
        table = self._table(action["TableName"])
        if kind == "Put":
            table.put(action["Item"])
        elif kind == "Delete":
            table.delete(action["Key"])
        else:
            assert kind == "ConditionCheck", f"this fake does not know {kind}"

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            raise AwsError("ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]


def _met(item: Item | None, condition: dict[str, Any]) -> bool:
    expression = condition.pop("ConditionExpression", None)
    names = condition.pop("ExpressionAttributeNames", {})
    values = condition.pop("ExpressionAttributeValues", {})
    assert not condition, f"this fake does not know {sorted(condition)}"
    return expression is None or holds(expression, item or {}, names, values)


def _refused() -> AwsError:
    return AwsError("ConditionalCheckFailedException", "The conditional request failed")
