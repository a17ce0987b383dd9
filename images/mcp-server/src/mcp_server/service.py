"""The protocol's methods, answered from an offer: no transport, no JSON-RPC."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from function_kit.logging import get_logger
from mcp_types import (
    CallToolResult,
    Implementation,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    ResourcesCapability,
    ServerCapabilities,
    TextContent,
    ToolsCapability,
)
from mcp_types.jsonrpc import INTERNAL_ERROR, INVALID_PARAMS
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel, ValidationError

from mcp_server import paging
from mcp_server.errors import Refused, StorageUnavailable, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mcp_types import (
        CallToolRequestParams,
        PaginatedRequestParams,
        ReadResourceRequestParams,
        ReadResourceResult,
    )

    from mcp_server.offer import Offer, OfferedTool

# Of the versions with a handshake; the one without has an ordinary INVALID_PARAMS in its place.
RESOURCE_NOT_FOUND: Final = -32002
CAPABILITIES: Final = ServerCapabilities(
    resources=ResourcesCapability(list_changed=False, subscribe=False),
    tools=ToolsCapability(list_changed=False),
)


class Service:
    """An offer's methods. Every argument and every answer is one of the SDK's own types."""

    def __init__(self, offer: Offer) -> None:
        """Answer from this offer."""
        self.offer = offer
        self.identity = Implementation(name=offer.name, title=offer.title, version=offer.version)

    def list_tools(self, params: PaginatedRequestParams) -> ListToolsResult:
        """A page of the tools, by name."""
        names = sorted(self.offer.tools)
        page = self._page(names, names, params.cursor)
        described = [self.offer.tools[name].described for name in page.items]
        return ListToolsResult(
            tools=described, next_cursor=page.cursor, ttl_ms=self._ttl("tools/list")
        )

    def list_resources(self, params: PaginatedRequestParams) -> ListResourcesResult:
        """A page of the resources that have a URI of their own, by URI."""
        every = self._stored(self.offer.resources.every)
        page = self._page(every, [str(resource.uri) for resource in every], params.cursor)
        return ListResourcesResult(
            resources=page.items, next_cursor=page.cursor, ttl_ms=self._ttl("resources/list")
        )

    def list_templates(self, params: PaginatedRequestParams) -> ListResourceTemplatesResult:
        """A page of the templates, by template."""
        every = self.offer.resources.templates()
        page = self._page(every, [template.uri_template for template in every], params.cursor)
        return ListResourceTemplatesResult(
            resource_templates=page.items,
            next_cursor=page.cursor,
            ttl_ms=self._ttl("resources/templates/list"),
        )

    def read_resource(self, params: ReadResourceRequestParams, version: str) -> ReadResourceResult:
        """What a URI stands for.

        Raises:
            Refused: Nothing is there, or the storage is away.
        """
        uri = str(params.uri)
        result = self._stored(lambda: self.offer.resources.read(uri))
        if result is None:
            code = INVALID_PARAMS if version in MODERN_PROTOCOL_VERSIONS else RESOURCE_NOT_FOUND
            raise Refused(code, "Resource not found", {"uri": uri})
        result.ttl_ms = self._ttl("resources/read")
        return result

    def call_tool(self, params: CallToolRequestParams) -> CallToolResult:
        """Run a tool. What it cannot do is a result that says so, for the model to read.

        Raises:
            Refused: There is no such tool.
        """
        tool = self.offer.tools.get(params.name)
        if tool is None:
            known = ", ".join(sorted(self.offer.tools))
            raise Refused(INVALID_PARAMS, f"Unknown tool: {params.name[:100]}. There is: {known}.")
        try:
            arguments = tool.arguments.model_validate(params.arguments or {})
            result = _result(tool, tool.run(arguments))
        except ValidationError as problem:
            result = _failed(_told(tool, problem))
        except ToolError as problem:
            result = _failed(str(problem))
        except StorageUnavailable as problem:
            get_logger().error("storage_unavailable", tool=tool.name, reason=str(problem))
            result = _failed(problem.message)
        get_logger().info("tool_called", tool=tool.name, is_error=result.is_error)
        return result

    def _page[T](self, items: Sequence[T], names: Sequence[str], cursor: str | None) -> Any:
        try:
            return paging.page(items, names, cursor, self.offer.page_size)
        except paging.BadCursor as problem:
            raise Refused(INVALID_PARAMS, str(problem)) from None

    def _ttl(self, method: str) -> int:
        return self.offer.cache_ms.get(method, 0)

    @staticmethod
    def _stored[T](read: Callable[[], T]) -> T:
        try:
            return read()
        except StorageUnavailable as problem:
            get_logger().error("storage_unavailable", reason=str(problem))
            raise Refused(INTERNAL_ERROR, problem.message) from None


def _result(
    tool: OfferedTool, given: BaseModel | Mapping[str, Any] | Sequence[Any] | CallToolResult
) -> CallToolResult:
    if isinstance(given, CallToolResult):
        return given
    if isinstance(given, BaseModel):
        given = given.model_dump(mode="json", by_alias=True)
    if tool.answer is None:
        return CallToolResult(content=list(given))
    # The text is for clients from before 2025-06-18, which know no structured content.
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(text=text)], structured_content=given)


def _failed(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=True)


def _told(tool: OfferedTool, problem: ValidationError) -> str:
    """Each bad argument and why, without its value."""
    found = problem.errors(include_url=False, include_context=False, include_input=False)
    reasons = [f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}" for item in found]
    takes = ", ".join(tool.arguments.model_fields) or "none"
    return f"Bad arguments: {'; '.join(reasons)}. {tool.name} takes: {takes}."
