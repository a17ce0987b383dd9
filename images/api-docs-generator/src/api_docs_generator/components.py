"""Schemas of many functions in one document, apart where they differ and once where they do not."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Where function_kit.openapi has its references go.
_PREFIX: Final = "#/components/schemas/"

type Schemas = Mapping[str, Any]


class Schema(NamedTuple):
    """One function's schema of that name."""

    owner: str
    name: str


class Components:
    """The schemas that the operations of a document refer to."""

    def __init__(self, schemas: Mapping[str, Schemas], reserved: Schemas) -> None:
        """Take every function's schemas, and those that are the document's own.

        Args:
            schemas: By the function's short name, schemas by name.
            reserved: By name.
        """
        self._schemas = schemas
        self._reserved = reserved
        self._apart = self._conflicts()
        self._used: set[Schema] = set()

    def adopt(self, owner: str, value: Any) -> Any:
        """A copy of a function's operation whose references are the document's.

        Args:
            owner: The function's short name.
            value: Anything of JSON.
        """
        for schema in _references(owner, value):
            self._use(schema)
        return self._renamed(owner, value)

    def all(self) -> dict[str, Any]:
        """The schemas that are referred to, by their names in the document."""
        found = {
            self._name(schema): self._renamed(schema.owner, self._content(schema))
            for schema in self._used
        }
        return dict(sorted((found | dict(self._reserved)).items()))

    def has(self, owner: str, name: str) -> bool:
        """Whether a function has a schema of this name."""
        return name in self._schemas.get(owner, {})

    def _use(self, schema: Schema) -> None:
        if schema in self._used or not self.has(*schema):
            return
        self._used.add(schema)
        for reference in _references(schema.owner, self._content(schema)):
            self._use(reference)

    def _content(self, schema: Schema) -> Any:
        return self._schemas[schema.owner][schema.name]

    def _name(self, schema: Schema) -> str:
        return f"{schema.owner}.{schema.name}" if schema.name in self._apart else schema.name

    def _renamed(self, owner: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._renamed(owner, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._renamed(owner, item) for item in value]
        # In `$ref`, and in a discriminator's mapping.
        if isinstance(value, str) and value.startswith(_PREFIX):
            return _PREFIX + self._name(Schema(owner, value.removeprefix(_PREFIX)))
        return value

    def _conflicts(self) -> set[str]:
        """Names that stand for different things, and names of what refers to such."""
        contents: dict[str, set[str]] = defaultdict(set)
        for name, content in self._reserved.items():
            contents[name].add(json.dumps(content, sort_keys=True))
        refer: dict[str, set[str]] = defaultdict(set)
        for owner, schemas in self._schemas.items():
            for name, content in schemas.items():
                contents[name].add(json.dumps(content, sort_keys=True))
                refer[name] |= {reference.name for reference in _references(owner, content)}
        apart = {name for name, different in contents.items() if len(different) > 1}
        while more := {name for name, others in refer.items() if others & apart} - apart:
            apart |= more
        return apart


def _references(owner: str, value: Any) -> Iterator[Schema]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _references(owner, item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(owner, item)
    elif isinstance(value, str) and value.startswith(_PREFIX):
        yield Schema(owner, value.removeprefix(_PREFIX))
