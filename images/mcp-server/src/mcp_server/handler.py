"""Answers language models over MCP: `POST /mcp`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.handler import lambda_handler

from mcp_server import http
from mcp_server.basketball import basketball
from mcp_server.gold import Gold
from mcp_server.service import Service
from mcp_server.settings import McpSettings

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "mcp-server"


@cache
def _gold(settings: McpSettings) -> Gold:
    """The bucket and what is kept of it, made once, when the environment starts."""
    return Gold(settings.gold_bucket)


@cache
def _service(settings: McpSettings) -> Service:
    return Service(basketball(_gold(settings)))


def _checks(settings: McpSettings) -> dict[str, Callable[[], None]]:
    _service(settings)
    return {"gold": _gold(settings).check}


@lambda_handler(service=SERVICE, settings=McpSettings, checks=_checks, api="mcp_server.api")
def handler(event: dict[str, Any], _: Any, settings: McpSettings) -> dict[str, Any]:
    """Answer one message of the Model Context Protocol.

    Args:
        event: An HTTP API's (payload 2.0), with one JSON-RPC message as its body.
        settings: Loaded from the environment.

    Returns:
        See `http.answer`. What fails in ways nobody thought of is a JSON-RPC error too.
    """
    return http.answer(_service(settings), event, settings.mcp_origins)
