"""What a server offers: tools, resources and templates, whatever the transport."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mcp_types import CallToolResult, ContentBlock, Tool, ToolAnnotations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp_types import ReadResourceResult, Resource, ResourceTemplate
    from pydantic import BaseModel


@dataclass(frozen=True)
class OfferedTool:
    """A tool: its arguments and its answer as pydantic models, and what it does.

    Attributes:
        name: Its name.
        title: Its name for people.
        description: What it tells, for a model that chooses among tools.
        arguments: What it takes; unknown arguments are refused.
        answer: What it gives; None when it gives `content` alone.
        run: Does it. Raises ToolError when it cannot.
    """

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    answer: type[BaseModel] | None
    run: Callable[[Any], BaseModel | Mapping[str, Any] | list[ContentBlock] | CallToolResult]

    @cached_property
    def described(self) -> Tool:
        """As `tools/list` tells of it. Schemas are made when somebody asks for them first."""
        answer = self.answer and self.answer.model_json_schema(mode="serialization")
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.arguments.model_json_schema(),
            output_schema=answer,
            annotations=ToolAnnotations(
                read_only_hint=True, idempotent_hint=True, open_world_hint=False
            ),
        )


class Resources(Protocol):
    """What can be read by URI."""

    def every(self) -> list[Resource]:
        """All that are listed, in the order of their URIs."""
        ...

    def templates(self) -> list[ResourceTemplate]:
        """All templates, in the order of theirs."""
        ...

    def read(self, uri: str) -> ReadResourceResult | None:
        """What is there; None when nothing is."""
        ...


@dataclass(frozen=True)
class Offer:
    """A server, without a transport.

    Attributes:
        name: The server's name.
        version: And its version.
        title: Its name for people.
        instructions: How to use it, for models.
        tools: By name.
        resources: What can be read.
        page_size: How many items a page of a list has at most.
    """

    name: str
    version: str
    title: str
    instructions: str
    tools: Mapping[str, OfferedTool]
    resources: Resources
    page_size: int = 100
    cache_ms: Mapping[str, int] = field(default_factory=dict)
