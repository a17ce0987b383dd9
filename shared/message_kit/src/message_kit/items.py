"""DynamoDB's form of JSON: `{"S": "text"}`, `{"N": "1"}`, and so on, there and back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

type Value = dict[str, Any]
type Item = dict[str, Value]


def encode(value: object) -> Value:
    """A value of JSON's as DynamoDB takes it.

    Raises:
        TypeError: It is not JSON's.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | float():
            # A float's repr is exact and short; as a Decimal it has the digits of its binary form.
            return {"N": repr(value)}
        case dict():
            return {"M": {str(name): encode(item) for name, item in value.items()}}
        case list() | tuple():
            return {"L": [encode(item) for item in value]}
    raise TypeError(f"{type(value).__name__} is not a type of JSON")


def decode(value: Mapping[str, Any]) -> Any:
    """A value of DynamoDB's as JSON has it. Numbers come back as int where they are whole."""
    ((kind, content),) = value.items()
    match kind:
        case "S":  # most are: the first to be asked for, and a whole number needs no Decimal
            return content
        case "N":
            return int(content) if content.isdigit() else _number(content)
        case "NULL":
            return None
        case "M":
            return {name: decode(item) for name, item in content.items()}
        case "L":
            return [decode(item) for item in content]
        case _:
            return content


def _number(text: str) -> float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def item(values: Mapping[str, object]) -> Item:
    """An item of these attributes; those that are None are left out."""
    return {name: encode(value) for name, value in values.items() if value is not None}


def values(item: Mapping[str, Value]) -> dict[str, Any]:
    """An item's attributes."""
    return {name: decode(value) for name, value in item.items()}
