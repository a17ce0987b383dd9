"""The same server for a desktop client, over standard input and output: `uv run mcp-server`.

Here the official SDK's own server does the protocol: a start takes a second or two, once.
Standard output carries messages and nothing else, so logs go to standard error.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import structlog
from function_kit.settings import ConfigurationError, load
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import PaginatedRequestParams

from mcp_server.basketball import basketball
from mcp_server.errors import Refused
from mcp_server.gold import Gold
from mcp_server.service import Service
from mcp_server.settings import McpSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def server(service: Service) -> Server[Any]:
    """The SDK's server, answering from `service`."""
    offer = service.offer
    return Server(
        offer.name,
        version=offer.version,
        title=offer.title,
        instructions=offer.instructions,
        on_list_tools=_listing(service.list_tools),
        on_call_tool=_in_thread(lambda params, _: service.call_tool(params)),
        on_list_resources=_listing(service.list_resources),
        on_list_resource_templates=_listing(service.list_templates),
        on_read_resource=_in_thread(service.read_resource),
    )


def _listing[R](list_page: Callable[[PaginatedRequestParams], R]) -> Callable[..., Awaitable[R]]:
    return _in_thread(lambda params, _: list_page(params or PaginatedRequestParams()))


def _in_thread[R](method: Callable[[Any, str], R]) -> Callable[..., Awaitable[R]]:
    """S3 is waited for in a thread, so that other requests of the client need not wait."""

    async def answer(context: Any, params: Any) -> R:
        try:
            return await anyio.to_thread.run_sync(method, params, context.protocol_version)
        except Refused as problem:
            raise MCPError(problem.code, problem.message, problem.data) from None

    return answer


async def serve(service: Service) -> None:
    """Answer messages until standard input ends."""
    serving = server(service)
    async with stdio_server() as (incoming, outgoing):
        await serving.run(incoming, outgoing, serving.create_initialization_options())


def _log_to_standard_error(level: str) -> None:
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=max(number, logging.WARNING))


def main() -> None:
    """Serve over standard input and output; see README.md for the environment."""
    os.environ.setdefault("ENVIRONMENT", "local")
    try:
        settings = load(McpSettings)
    except ConfigurationError as error:
        sys.exit(str(error))
    _log_to_standard_error(settings.log_level)
    anyio.run(serve, Service(basketball(Gold(settings.gold_bucket))))


if __name__ == "__main__":
    main()
