"""GitHub's expressions, as far as our workflows go: an unknown word is an error, never empty."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<op>==|!=|&&|\|\||[!().,\[\]])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_-]*))"
)
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_LITERALS = {"true": True, "false": False, "null": None}
type Functions = dict[str, Callable[..., Any]]


def render(template: Any, contexts: dict[str, Any], functions: Functions) -> Any:
    """A value of a workflow with its expressions put in; what is all expression keeps its type."""
    if isinstance(template, dict):
        return {key: render(value, contexts, functions) for key, value in template.items()}
    if isinstance(template, list):
        return [render(value, contexts, functions) for value in template]
    if not isinstance(template, str):
        return template
    whole = _EMBEDDED.fullmatch(template.strip())
    if whole:
        return evaluate(whole[1], contexts, functions)
    return _EMBEDDED.sub(lambda m: as_text(evaluate(m[1], contexts, functions)), template)


def evaluate(expression: str, contexts: dict[str, Any], functions: Functions) -> Any:
    """The value of one expression."""
    parser = _Parser(_tokens(expression), contexts, functions | _plain())
    value = parser.either()
    if parser.tokens:
        raise SyntaxError(f"left over in {expression!r}: {parser.tokens}")
    return value


def is_true(value: Any) -> bool:
    """Objects and lists are true on GitHub, empty ones too."""
    return isinstance(value, (dict, list)) or bool(value)


def as_text(value: Any) -> str:
    """A value inside of a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, (dict, list)) else json.dumps(value)


def _plain() -> Functions:
    return {
        "startsWith": lambda text, part: as_text(text).lower().startswith(as_text(part).lower()),
        "contains": lambda all_, part: part in all_,
        "toJSON": json.dumps,
        "fromJSON": json.loads,
    }


def _tokens(expression: str) -> list[tuple[str, str]]:
    found, at = [], 0
    expression = expression.strip()
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if not match:
            raise SyntaxError(f"not understood: {expression[at:]!r}")
        found.append((str(match.lastgroup), match[match.lastgroup or 0]))
        at = match.end()
    return found


class _Parser:
    """`or` binds loosest, then `and`, then comparisons, then `not`."""

    def __init__(
        self, tokens: list[tuple[str, str]], contexts: dict[str, Any], functions: Functions
    ) -> None:
        self.tokens = tokens
        self._contexts = contexts
        self._functions = functions

    def either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value if is_true(value) else other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._take("&&"):
            other = self._compared()
            value = other if is_true(value) else value
        return value

    def _compared(self) -> Any:
        value = self._negated()
        if self._take("=="):
            return _same(value, self._negated())
        if self._take("!="):
            return not _same(value, self._negated())
        return value

    def _negated(self) -> Any:
        return not is_true(self._negated()) if self._take("!") else self._one()

    def _one(self) -> Any:
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return int(text)
        if text == "(":
            value = self.either()
            self._expect(")")
            return value
        if text in _LITERALS:
            return _LITERALS[text]
        if self._take("("):
            return self._functions[text](*self._arguments())
        return self._path(self._contexts[text])

    def _arguments(self) -> list[Any]:
        given: list[Any] = []
        while not self._take(")"):
            given.append(self.either())
            self._take(",")
        return given

    def _path(self, value: Any) -> Any:
        while self._take("."):
            name = self.tokens.pop(0)[1]
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _take(self, text: str) -> bool:
        if self.tokens and self.tokens[0] == ("op", text):
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise SyntaxError(f"{text} is missing")


def _same(one: Any, other: Any) -> bool:
    """Texts are compared without case."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool((one or "") == (other or ""))
