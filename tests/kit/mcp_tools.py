"""Calls of the MCP server's tools, checked against the schemas that it tells."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from mcp_server.service import Service

from tests.kit.mcp_http import call, posted, request


def found(on: Service, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool's structured answer, which is what its output schema says and its text too."""
    _, answer = posted(on, call(tool, **arguments))
    result = answer["result"]
    assert not result["isError"], result["content"]
    structured: dict[str, Any] = result["structuredContent"]
    assert json.loads(result["content"][0]["text"]) == structured
    tools = {each["name"]: each for each in posted(on, request("tools/list"))[1]["result"]["tools"]}
    jsonschema.validate(structured, tools[tool]["outputSchema"])
    jsonschema.validate(arguments, tools[tool]["inputSchema"])
    return structured


def refused(on: Service, tool: str, **arguments: Any) -> str:
    """What a tool says when it cannot."""
    status, answer = posted(on, call(tool, **arguments))
    assert status == 200
    assert answer["result"]["isError"] is True
    assert "structuredContent" not in answer["result"]
    text: str = answer["result"]["content"][0]["text"]
    return text
