"""Policy documents of AWS, in one shape."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

# A condition on one of these says on whose behalf a service or a stranger may act.
_SOURCES = frozenset(
    {
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:principalorgid",
        "lambda:eventsourcetoken",
    }
)


@dataclass(frozen=True)
class Statement:
    """One statement; lists are sets, and a single value is a list of one.

    Attributes:
        principals: services, accounts, ARNs, or *.
        conditions: values by the key in lower case, whatever the operator.
        raw: the statement as it was, but for the order of its lists; what makes two equal.
    """

    sid: str
    allows: bool
    actions: frozenset[str] = field(compare=False)
    resources: frozenset[str] = field(compare=False)
    principals: frozenset[str] = field(compare=False)
    conditions: dict[str, tuple[str, ...]] = field(compare=False)
    raw: dict[str, Any]

    @property
    def services(self) -> frozenset[str]:
        """The AWS services among the principals, where the statement allows something."""
        found = {who for who in self.principals if who.endswith(".amazonaws.com")}
        return frozenset(found if self.allows else ())

    @property
    def is_loose(self) -> bool:
        """Whether a service, or anybody, may act for whoever asks it to."""
        open_to_all = "*" in self.principals or bool(self.services)
        return open_to_all and not _SOURCES & set(self.conditions)


def read(document: str | dict[str, Any]) -> list[Statement]:
    """The statements of a policy document, as JSON or as read from it."""
    content = json.loads(document) if isinstance(document, str) else document
    found = content.get("Statement", [])
    return [_statement(item) for item in (found if isinstance(found, list) else [found])]


def _statement(item: dict[str, Any]) -> Statement:
    principal = item.get("Principal", {})
    named = principal if isinstance(principal, dict) else {"AWS": principal}
    return Statement(
        sid=str(item.get("Sid", "")),
        allows=item.get("Effect") == "Allow",
        actions=_values(item.get("Action")),
        resources=_values(item.get("Resource")),
        principals=frozenset(who for value in named.values() for who in _values(value)),
        conditions={
            key.lower(): tuple(sorted(_values(value)))
            for keys in item.get("Condition", {}).values()
            for key, value in keys.items()
        },
        raw=_ordered(item),
    )


def _values(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})


def _ordered(value: Any, key: str = "") -> Any:
    """Lists in order, and where AWS takes one value or a list of one, a list."""
    if isinstance(value, dict):
        return {name: _ordered(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(str, value))
    return value if key in {"Sid", "Effect"} else [str(value)]
