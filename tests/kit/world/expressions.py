"""DynamoDB's condition expressions: parsed once, then held against items."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

type Item = dict[str, Any]
type Names = dict[str, str]
type Check = Callable[[Item, Names, Item], bool]
type Operand = Callable[[Item, Names, Item], Any]

_TOKEN = re.compile(r"\s*([#:]?\w+|<>|<=|>=|[<>=(),])")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<>": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


def holds(expression: str, item: Item, names: Names, values: Item) -> bool:
    """Whether an item meets a condition; what it lacks meets none but attribute_not_exists."""
    return compiled(expression)(item, names, values)


@cache
def compiled(expression: str) -> Check:
    """A condition as a function of an item, its names and its values."""
    parser = _Parser(_TOKEN.findall(expression))
    check = parser.disjunction()
    assert not parser.tokens, f"not understood from {parser.tokens[0]}: {expression}"
    return check


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def disjunction(self) -> Check:
        parts = [self._conjunction()]
        while self._take_if("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda *to: any(part(*to) for part in parts)

    def _conjunction(self) -> Check:
        parts = [self._condition()]
        while self._take_if("AND"):
            parts.append(self._condition())
        return parts[0] if len(parts) == 1 else lambda *to: all(part(*to) for part in parts)

    def _condition(self) -> Check:
        if self._take_if("NOT"):
            inner = self._condition()
            return lambda *to: not inner(*to)
        if self._take_if("("):
            inner = self.disjunction()
            self._expect(")")
            return inner
        if self.tokens[0] in {"attribute_exists", "attribute_not_exists", "begins_with"}:
            return self._function(self.tokens.pop(0))
        return self._comparison()

    def _function(self, name: str) -> Check:
        self._expect("(")
        operand = self._operand()
        if name == "begins_with":
            self._expect(",")
            start = self._operand()
            self._expect(")")
            return lambda *to: str(operand(*to) or "").startswith(start(*to))
        self._expect(")")
        wanted = name == "attribute_exists"
        return lambda *to: (operand(*to) is not None) is wanted

    def _comparison(self) -> Check:
        left = self._operand()
        operator = self.tokens.pop(0)
        if operator == "BETWEEN":
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            return lambda *to: (value := left(*to)) is not None and low(*to) <= value <= high(*to)
        compare = _COMPARISONS[operator]
        right = self._operand()

        def check(item: Item, names: Names, values: Item) -> bool:
            one, other = left(item, names, values), right(item, names, values)
            return type(one) is type(other) and one is not None and compare(one, other)

        return check

    def _operand(self) -> Operand:
        token = self.tokens.pop(0)
        if token.startswith(":"):
            return lambda _item, _names, values: _plain(values[token])
        if token.startswith("#"):
            return lambda item, names, _values: _plain(item.get(names[token]))
        return lambda item, _names, _values: _plain(item.get(token))

    def _take_if(self, token: str) -> bool:
        if self.tokens and self.tokens[0].upper() == token:
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        assert self._take_if(token), f"{token} is missing before {self.tokens}"


def _plain(value: dict[str, Any] | None) -> Any:
    """What comparisons compare: numbers by value, all else as it is."""
    if value is None:
        return None
    kind, content = next(iter(value.items()))
    return float(content) if kind == "N" else content
