"""What the server answers over HTTP. Its own description of itself is `tools/list`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from function_kit.openapi import Answer, Operation
from pydantic import BaseModel, ConfigDict, Field, RootModel

from mcp_server.http import MAX_BATCH


class McpMessage(BaseModel):
    """One JSON-RPC message: a request, or a notification, which has no id."""

    jsonrpc: Literal["2.0"]
    id: str | int | None = Field(None, description="Comes back with the answer.")
    method: str = Field(description="Such as tools/list, tools/call or resources/read.")
    params: dict[str, Any] | None = Field(None, description="By method.")


type _Batch = Annotated[list[McpMessage], Field(min_length=1, max_length=MAX_BATCH)]


class McpBody(RootModel[McpMessage | _Batch]):
    """A message; of version 2025-03-26 also a batch, without a handshake in it."""


class McpProblem(BaseModel):
    """Why there is no result."""

    code: int = Field(description="JSON-RPC's or MCP's.")
    message: str
    data: Any = None


class McpAnswer(BaseModel):
    """A JSON-RPC answer: a result, or an error."""

    model_config = ConfigDict(title="McpAnswer")

    jsonrpc: Literal["2.0"]
    id: str | int | None
    result: dict[str, Any] | None = None
    error: McpProblem | None = None


class McpAnswers(RootModel[McpAnswer | list[McpAnswer]]):
    """An answer; of a batch one for each request in it."""

    model_config = ConfigDict(title="McpAnswers")


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


_DESCRIPTION = """The Model Context Protocol over streamable HTTP, without sessions or streams.
Versions 2024-11-05 to 2025-11-25 with a handshake, 2026-07-28 without; the header
`MCP-Protocol-Version` says which, and without it it is 2025-03-26, the one version that has
batches. A tool that cannot do what it was asked answers 200 with `isError` and says what there
is."""

_EXAMPLES = {
    "tools": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
    "player": _call("get_player_season_stats", player_name="LeBron James", season="2024-25"),
    "artifact": _call("get_artifact", resource_uri="player_daily/2024-11-15/2544"),
}

_NOT_ALLOWED = Answer("Always: there are no streams and no sessions.", McpAnswer)

OPERATIONS = (
    Operation(
        route="POST /mcp",
        id="mcp",
        summary="Ask for basketball statistics, as a language model does",
        tag="Basketball",
        description=_DESCRIPTION,
        body=McpBody,
        examples=_EXAMPLES,
        answers={
            200: Answer("The answer of a request.", McpAnswers),
            202: Answer("A notification was taken."),
            400: Answer("No message, or not of a version that is spoken.", McpAnswer),
            403: Answer("A web page of an origin that may not call.", McpAnswer),
            404: Answer("No such method (2026-07-28).", McpAnswer),
            406: Answer("JSON is not accepted.", McpAnswer),
            413: Answer("The message is longer than 1 MiB.", McpAnswer),
            415: Answer("The body is not application/json.", McpAnswer),
        },
    ),
    Operation(
        route="GET /mcp",
        id="mcpStream",
        summary="Not allowed",
        tag="Basketball",
        answers={405: _NOT_ALLOWED},
    ),
    Operation(
        route="DELETE /mcp",
        id="mcpEnd",
        summary="Not allowed",
        tag="Basketball",
        answers={405: _NOT_ALLOWED},
    ),
)
