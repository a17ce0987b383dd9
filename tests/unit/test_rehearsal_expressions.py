"""The kit's expressions behave as GitHub's do, or say that they do not know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.rehearsal.expressions import as_text, evaluate, render

CONTEXTS: dict[str, Any] = {
    "github": {"event_name": "push", "event": {"issue": {"pull_request": {}}}, "sha": "abc"},
    "vars": {},
    "needs": {"request": {"outputs": {"environment": "dev"}}},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.event_name == 'PUSH'", True),
        ("github.event_name != 'push'", False),
        ("github.event.issue.pull_request && true", True),
        ("github.event.nothing.deeper", None),
        ("vars.RUNNER || 'plain'", "plain"),
        ("false || true && false", False),
        ("(false || true) && 'yes'", "yes"),
        ("!vars.RUNNER", True),
        ("startsWith('/lambda deploy', '/LAMBDA')", True),
        ("needs.request.outputs.environment != ''", True),
        ("fromJSON('[1, 2]')", [1, 2]),
        ("'it''s'", "it's"),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert evaluate(expression, CONTEXTS, {}) == value


def test_a_value_that_is_all_expression_keeps_its_type() -> None:
    given = {"matrix": "${{ fromJSON('{\"a\": [1]}') }}", "name": "at ${{ github.sha }}!"}
    assert render(given, CONTEXTS, {}) == {"matrix": {"a": [1]}, "name": "at abc!"}


@pytest.mark.parametrize("expression", ["unknown.word", "whatever('x')", "github.sha abc", "'a"])
def test_what_is_not_known_is_an_error(expression: str) -> None:
    with pytest.raises((KeyError, SyntaxError)):
        evaluate(expression, CONTEXTS, {})


def test_texts_of_values() -> None:
    assert [as_text(v) for v in (None, True, 3, {"a": 1})] == ["", "true", "3", '{"a": 1}']
