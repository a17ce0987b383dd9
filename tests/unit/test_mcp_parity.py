"""Our transport answers as the official SDK's own HTTP server does, with the same methods behind.

The function speaks the protocol itself, because importing the SDK's server takes more time than
all else that it does: so that server is what it is held against.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mcp.server.transport_security import TransportSecuritySettings
from mcp_server.service import Service
from mcp_server.stdio import server
from mcp_types import methods
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.testclient import TestClient

from tests.kit import gold_objects
from tests.kit.gold_edge import service, serving_gold
from tests.kit.mcp_http import JSON, call, posted, request

MODERN = "2026-07-28"
PREFIX = "io.modelcontextprotocol"
ENVELOPE = {f"{PREFIX}/protocolVersion": MODERN, f"{PREFIX}/clientCapabilities": {}}
CLIENT = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
SCHEMA = {"uri": "basketball://data-schema"}
REQUESTS: dict[str, Any] = {
    "tools": request("tools/list"),
    "tools, empty page": request("tools/list", {"cursor": "!"}),
    "tools, bad cursor": request("tools/list", {"cursor": 1}),
    "call": call("get_team_stats", team_name="LAL"),
    "call without arguments": request("tools/call", {"name": "get_index"}),
    "call that fails": call("get_team_stats", team_name="nobody"),
    "call of nothing": call("nothing"),
    "call without a name": request("tools/call", {"arguments": {}}),
    "call with bad arguments": request("tools/call", {"name": "get_index", "arguments": 1}),
    "resources": request("resources/list"),
    "templates": request("resources/templates/list"),
    "read": request("resources/read", SCHEMA),
    "read nothing": request("resources/read", {"uri": "basketball://nothing"}),
    "read without a URI": request("resources/read", {}),
    "no such method": request("nothing/at/all"),
    "no such capability": request("prompts/list"),
    "extra parameters": request("tools/list", {"more": True}),
    "text as id": request("tools/list") | {"id": "a"},
}
HANDSHAKE: dict[str, Any] = {
    "ping": request("ping"),
    "initialize": request("initialize", {"protocolVersion": "2025-06-18", **CLIENT}),
    "initialize, unknown": request("initialize", {"protocolVersion": "x", **CLIENT}),
    "initialize, empty": request("initialize", {}),
    "discover": request("server/discover"),
    "notification": {"jsonrpc": "2.0", "method": "notifications/initialized"},
    "response": {"jsonrpc": "2.0", "id": 1, "result": {}},
    "not JSON": "{",
    "a number": "1",
    "another JSON-RPC": {"jsonrpc": "1.0", "id": 1, "method": "ping"},
}
ENVELOPED: dict[str, Any] = {
    "discover": request("server/discover"),
    "ping": request("ping"),
    "initialize": request("initialize", {"protocolVersion": "2025-06-18", **CLIENT}),
}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Service, TestClient]]:
    """Our methods, and the SDK's server in front of them too."""
    with serving_gold(gold_objects.objects()):
        answering = service()
        with reference(answering) as client:
            yield answering, client


@contextmanager
def reference(answering: Service) -> Iterator[TestClient]:
    application = server(answering).streamable_http_app(
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=["testserver"], allowed_origins=["https://chat.example.com"]
        ),
    )
    with TestClient(application) as client:
        yield client


def answers(
    both: tuple[Service, TestClient], body: Any, headers: dict[str, str]
) -> list[tuple[int, Any]]:
    """What we answer, and what the SDK does; of errors, their codes."""
    ours, sdk = both
    text = body if isinstance(body, str) else json.dumps(body)
    theirs = sdk.post("/mcp", content=text, headers=JSON | headers)
    origins = ["https://chat.example.com"]
    found = [
        posted(ours, text, headers, origins=origins),
        (theirs.status_code, theirs.json() if theirs.text.startswith("{") else None),
    ]
    return [(status, comparable(answer)) for status, answer in found]


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
def test_a_batch(both: tuple[Service, TestClient], version: str) -> None:
    """The SDK takes none; version 2025-03-26 says that a server must."""
    ours, theirs = answers(both, [request("ping")], {"mcp-protocol-version": version})
    assert theirs[0] == 400
    assert ours[0] == (200 if version == "2025-03-26" else 400)


def comparable(answer: Any) -> Any:
    """Texts of errors are everybody's own."""
    if answer and "error" in answer:
        return answer | {"error": answer["error"]["code"]}
    return answer


@pytest.mark.parametrize("version", [None, *HANDSHAKE_PROTOCOL_VERSIONS])
@pytest.mark.parametrize("name", REQUESTS | HANDSHAKE)
def test_versions_with_a_handshake(
    both: tuple[Service, TestClient], name: str, version: str | None
) -> None:
    headers = {"mcp-protocol-version": version} if version else {}
    ours, theirs = answers(both, (REQUESTS | HANDSHAKE)[name], headers)
    if ours[0] == 400:  # JSON-RPC's own numbers for what is no message; the SDK takes another
        assert theirs[0] == 400
        assert ours[1]["error"] in {-32600, -32700}
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", REQUESTS | ENVELOPED)
def test_the_version_without_handshake(both: tuple[Service, TestClient], name: str) -> None:
    body = (REQUESTS | ENVELOPED)[name]
    params = body.get("params", {})
    named = params.get("name") or params.get("uri")
    headers = {"mcp-protocol-version": MODERN, "mcp-method": body["method"]}
    headers |= {"mcp-name": named} if named else {}
    ours, theirs = answers(both, body | {"params": params | {"_meta": ENVELOPE}}, headers)
    assert ours == theirs


@pytest.mark.parametrize(
    "headers",
    [
        {"mcp-method": "tools/call"},
        {"origin": "https://evil.example.com"},
        {"origin": "https://chat.example.com"},
        {"accept": "text/html"},
    ],
)
def test_headers(both: tuple[Service, TestClient], headers: dict[str, str]) -> None:
    sent = {"mcp-protocol-version": MODERN, "mcp-method": "tools/list"} | headers
    body = request("tools/list", {"_meta": ENVELOPE})
    ours, theirs = answers(both, body, sent)
    assert ours[0] == theirs[0]
    # The SDK refuses origins and media types without a body.
    assert theirs[1] in (None, ours[1])


@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, MODERN])
@pytest.mark.parametrize("name", [n for n, body in REQUESTS.items() if "params" in body])
def test_results_are_what_the_version_s_schema_says(
    both: tuple[Service, TestClient], name: str, version: str
) -> None:
    body = REQUESTS[name]
    params = body.get("params", {}) | ({"_meta": ENVELOPE} if version == MODERN else {})
    named = params.get("name") or params.get("uri") or ""
    headers = {"mcp-protocol-version": version, "mcp-method": body["method"], "mcp-name": named}
    _, answer = posted(both[0], body | {"params": params}, headers)
    if "result" in answer:
        shaped = methods.serialize_server_result(body["method"], version, answer["result"])
        assert shaped == answer["result"]
