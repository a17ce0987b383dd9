"""Calls to one DynamoDB table, with a refused condition as an answer and not as an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.signed_api import code

from message_kit import items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from function_kit.signed_api import SignedApi

_REFUSED: Final = "ConditionalCheckFailedException"
_FAILED: Final = 400


class Refused(Exception):  # noqa: N818 - an answer more than an error
    """A write's condition did not hold.

    Attributes:
        found: The item that was there, None when there was none.
    """

    def __init__(self, found: dict[str, Any] | None) -> None:
        """Keep what was found."""
        super().__init__("the item is not as the write expects it")
        self.found = found


class Table:
    """One table."""

    def __init__(self, api: SignedApi, name: str) -> None:
        """Take DynamoDB's API and the table's name."""
        self._api = api
        self.name = name

    def put_new(self, values: Mapping[str, object], key: str = "id") -> bool:
        """Put an item where there is none of its key; whether it was put.

        Raises:
            AwsError: The table could not be used.
        """
        try:
            self.call(
                "PutItem",
                {
                    "Item": items.item(values),
                    "ConditionExpression": "attribute_not_exists(#key)",
                    "ExpressionAttributeNames": {"#key": key},
                },
            )
        except Refused:
            return False
        return True

    def update(
        self,
        key: Mapping[str, str],
        expression: str,
        condition: str,
        parameters: Mapping[str, object],
    ) -> dict[str, Any]:
        """Change an item that fulfils a condition; returns it as it is then.

        Args:
            key: The item's key.
            expression: The UpdateExpression; every attribute is written as `#name`.
            condition: The ConditionExpression, likewise.
            parameters: Values of both, by name without the colon.

        Raises:
            Refused: The condition does not hold.
            AwsError: The table could not be used.
        """
        answer = self.call(
            "UpdateItem",
            {
                "Key": items.item(key),
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names(f"{expression} {condition}"),
                "ExpressionAttributeValues": {
                    f":{name}": items.encode(value) for name, value in parameters.items()
                },
                "ReturnValues": "ALL_NEW",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )
        return items.values(answer["Attributes"])

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation on this table.

        Raises:
            Refused: Its condition does not hold.
            AwsError: The table could not be used.
        """
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        body = json.dumps({"TableName": self.name, **parameters}).encode()
        answer = self._api.call("POST", "/", headers=headers, body=body)
        if answer.status < _FAILED:
            parsed: dict[str, Any] = json.loads(answer.body or b"{}")
            return parsed
        refusal = code(answer)
        if refusal == _REFUSED:
            found = json.loads(answer.body).get("Item")
            raise Refused(items.values(found) if found else None)
        raise AwsError(refusal, f"{operation} failed", answer.status)


def names(expression: str) -> dict[str, str]:
    """`ExpressionAttributeNames` for an expression whose attributes are written as `#name`."""
    words = expression.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {word: word[1:] for word in words if word.startswith("#")}
