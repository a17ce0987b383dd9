"""What the conformance suite wants a server to offer, to look at the transport around it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

from mcp_server.errors import ToolError
from mcp_server.offer import Offer, OfferedTool
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
)
from pydantic import BaseModel

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PNG: Final = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
WAV: Final = base64.b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()
TEMPLATE: Final = "test://template/{id}/data"


class Nothing(BaseModel):
    """No arguments."""


class Addressed(BaseModel):
    """A schema with 2020-12's keywords."""

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        text = {"type": "string"}
        address = {"type": "object", "properties": {"street": text, "city": text}}
        return {
            "$schema": DIALECT,
            "type": "object",
            "$defs": {"address": {"$anchor": "addressDef", **address}},
            "properties": {"name": text, "address": {"$ref": "#/$defs/address"}},
            "allOf": [{"anyOf": [{"required": ["name"]}, {"required": ["address"]}]}],
            "if": {"required": ["address"]},
            "then": {"required": ["name"]},
            "else": {},
            "additionalProperties": False,
        }


def _embedded(uri: str, media_type: str, text: str) -> EmbeddedResource:
    content = TextResourceContents(uri=uri, mime_type=media_type, text=text)
    return EmbeddedResource(resource=content)


def _fail(_: Nothing) -> list[ContentBlock]:
    raise ToolError("This tool intentionally returns an error for testing")


def _tool(name: str, *content: ContentBlock) -> OfferedTool:
    return OfferedTool(name, name, name, Nothing, None, lambda _: list(content))


_IMAGE = ImageContent(data=PNG, mime_type="image/png")
_TOOLS = (
    _tool("test_simple_text", TextContent(text="This is a simple text response for testing.")),
    _tool("test_image_content", _IMAGE),
    _tool("test_audio_content", AudioContent(data=WAV, mime_type="audio/wav")),
    _tool(
        "test_embedded_resource",
        _embedded("test://embedded-resource", "text/plain", "This is an embedded resource."),
    ),
    _tool(
        "test_multiple_content_types",
        TextContent(text="Multiple content types test:"),
        _IMAGE,
        _embedded("test://mixed-content-resource", "application/json", '{"test":"data"}'),
    ),
    OfferedTool("test_error_handling", "Fails", "Fails", Nothing, None, _fail),
    OfferedTool("json_schema_2020_12_tool", "Schema", "Schema", Addressed, None, lambda _: []),
)


class _Resources:
    def every(self) -> list[Resource]:
        return [
            Resource(uri="test://static-binary", name="binary", mime_type="image/png"),
            Resource(uri="test://static-text", name="text", mime_type="text/plain"),
        ]

    def templates(self) -> list[ResourceTemplate]:
        return [ResourceTemplate(uri_template=TEMPLATE, name="data", mime_type="application/json")]

    def read(self, uri: str) -> ReadResourceResult | None:
        content: Any = None
        if uri == "test://static-text":
            text = "This is the content of the static text resource."
            content = TextResourceContents(uri=uri, mime_type="text/plain", text=text)
        elif uri == "test://static-binary":
            content = BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
        elif found := re.fullmatch(r"test://template/(\w+)/data", uri):
            text = json.dumps({"id": found[1], "templateTest": True})
            content = TextResourceContents(uri=uri, mime_type="application/json", text=text)
        return content and ReadResourceResult(contents=[content])


def everything() -> Offer:
    """The suite's tools, resources and template."""
    return Offer(
        name="everything",
        version="1",
        title="Everything",
        instructions="",
        tools={tool.name: tool for tool in _TOOLS},
        resources=_Resources(),
    )
