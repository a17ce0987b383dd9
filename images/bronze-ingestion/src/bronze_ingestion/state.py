"""The DynamoDB table: the source's rate, and what was announced of each date.

Its key is `pk`. `rate#source` has `recent` (epoch milliseconds), `gap` and
`not_before` (milliseconds), `announced#<date>` has `digest`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi, code

if TYPE_CHECKING:
    from collections.abc import Mapping

type Fields = dict[str, str | int]

_REFUSED = "ConditionalCheckFailedException"
_FAILED = 400


class State:
    """Items of text and whole numbers, by their key."""

    def __init__(self, api: SignedApi, table: str) -> None:
        """Take the table.

        Args:
            api: DynamoDB's.
            table: Its name.
        """
        self._api = api
        self._table = table

    def get(self, key: str) -> Fields:
        """An item as it is now; empty when there is none.

        Raises:
            AwsError: The table could not be used.
        """
        request = {"TableName": self._table, "Key": {"pk": {"S": key}}, "ConsistentRead": True}
        return _fields(self._api.call_json("GetItem", request).get("Item", {}))

    def put(self, key: str, fields: Fields) -> None:
        """Write an item.

        Raises:
            AwsError: The table could not be used.
        """
        self._api.call_json("PutItem", {"TableName": self._table, "Item": _item(key, fields)})

    def swap(self, key: str, known: Fields, fields: Fields) -> Fields | None:
        """Write an item in place of the one that is known.

        Args:
            key: Its key.
            known: What is there; empty for nothing.
            fields: What shall be there.

        Returns:
            None when that was done, else what is there.

        Raises:
            AwsError: The table could not be used.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": _item(key, fields),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if known:
            request |= {
                "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in known),
                "ExpressionAttributeNames": {f"#{name}": name for name in known},
                "ExpressionAttributeValues": {f":{n}": _value(v) for n, v in known.items()},
            }
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "DynamoDB_20120810.PutItem",
        }
        answer = self._api.call("POST", "/", headers=headers, body=json.dumps(request).encode())
        if answer.status < _FAILED:
            return None
        if code(answer) == _REFUSED:
            return _fields(json.loads(answer.body).get("Item", {}))
        raise AwsError(code(answer), "PutItem failed", answer.status)


def _item(key: str, fields: Fields) -> dict[str, Any]:
    return {"pk": {"S": key}, **{name: _value(value) for name, value in fields.items()}}


def _value(value: str | int) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _fields(item: Mapping[str, Any]) -> Fields:
    return {
        name: value["S"] if "S" in value else int(value["N"])
        for name, value in item.items()
        if name != "pk"
    }
