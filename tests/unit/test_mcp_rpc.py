"""MCP over HTTP: what is a message, in which version, and who may send one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mcp_server.http import MAX_BODY
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from tests.kit import gold_objects
from tests.kit.gold_edge import GoldEdge, service, serving_gold
from tests.kit.mcp_http import posted, request
from tests.kit.scripted import Reply

MODERN = "2026-07-28"
PREFIX = "io.modelcontextprotocol"
ENVELOPE = {f"{PREFIX}/protocolVersion": MODERN, f"{PREFIX}/clientCapabilities": {}}
CLIENT = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
PING = request("ping")


@pytest.fixture(autouse=True)
def edge() -> Iterator[GoldEdge]:
    with serving_gold(gold_objects.objects()) as served:
        yield served


def modern(method: str, params: dict[str, Any] | None = None, **headers: str) -> tuple[int, Any]:
    """A request of 2026-07-28."""
    sent = {"mcp-protocol-version": MODERN, "mcp-method": method}
    body = request(method, {**(params or {}), "_meta": ENVELOPE})
    return posted(service(), body, sent | {k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
def test_a_handshake_settles_on_the_version_asked_for(version: str) -> None:
    asked = request("initialize", {"protocolVersion": version, **CLIENT})
    status, answer = posted(service(), asked)
    assert (status, answer["result"]["protocolVersion"]) == (200, version)
    assert set(answer["result"]["capabilities"]) == {"resources", "tools"}


@pytest.mark.parametrize("version", ["1999-01-01", "2099-01-01", "", "latest"])
def test_a_handshake_offers_the_latest_when_it_does_not_know_the_version(version: str) -> None:
    asked = request("initialize", {"protocolVersion": version, **CLIENT})
    _, answer = posted(service(), asked)
    assert answer["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize("version", [None, *HANDSHAKE_PROTOCOL_VERSIONS])
def test_a_request_needs_no_handshake_before_it(version: str | None) -> None:
    headers = {"mcp-protocol-version": version} if version else {}
    status, answer = posted(service(), PING, headers)
    assert (status, answer) == (200, {"jsonrpc": "2.0", "id": 1, "result": {}})


def test_a_version_that_is_not_spoken_is_refused_with_those_that_are() -> None:
    status, answer = posted(service(), PING, {"mcp-protocol-version": "1999-01-01"})
    assert (status, answer["error"]["code"]) == (400, -32022)
    assert answer["error"]["data"] == {"requested": "1999-01-01", "supported": [MODERN]}
    assert "2024-11-05 to 2025-11-25" in answer["error"]["message"]


def test_no_answer_has_a_session() -> None:
    asked = request("initialize", {"protocolVersion": "2025-11-25", **CLIENT})
    first = posted(service(), asked, {"mcp-session-id": "of-another-server"})
    assert first[0] == 200


def test_the_version_without_handshake_is_discovered() -> None:
    status, answer = modern("server/discover")
    assert status == 200
    result = answer["result"]
    assert result["supportedVersions"] == [MODERN]
    assert result["resultType"] == "complete"
    assert result["_meta"][f"{PREFIX}/serverInfo"]["name"] == "hoopstat"


def test_the_version_without_handshake_says_how_long_a_list_is_good() -> None:
    _, answer = modern("tools/list")
    assert (answer["result"]["ttlMs"], answer["result"]["cacheScope"]) == (3_600_000, "private")
    _, older = posted(service(), request("tools/list"))
    assert not {"ttlMs", "cacheScope", "resultType", "_meta"} & set(older["result"])


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"mcp-method": "tools/call"}, -32020),
        ({"mcp-method": ""}, -32020),
        ({"mcp-protocol-version": "2025-11-25"}, None),  # of the other era: no envelope is wanted
    ],
)
def test_headers_must_say_what_the_body_says(headers: dict[str, str], code: int | None) -> None:
    sent = {"mcp-protocol-version": MODERN, "mcp-method": "tools/list"} | headers
    status, answer = posted(service(), request("tools/list", {"_meta": ENVELOPE}), sent)
    assert status == (400 if code else 200)
    assert answer.get("error", {}).get("code") == code


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("get_index", True),
        ("=?base64?Z2V0X2luZGV4?=", True),
        ("  get_index ", True),
        ("get_artifact", False),
        ("=?base64?!?=", False),
        ("=?base64?/w==?=", False),
        ("", False),
    ],
)
def test_the_header_names_the_tool(name: str, accepted: bool) -> None:
    status, answer = modern("tools/call", {"name": "get_index", "arguments": {}}, mcp_name=name)
    assert status == (200 if accepted else 400)
    assert ("result" in answer) is accepted
    if not accepted:
        assert answer["error"]["code"] == -32020


@pytest.mark.parametrize("meta", [None, {}, 1, {f"{PREFIX}/protocolVersion": MODERN}])
def test_a_request_without_handshake_needs_its_envelope(meta: object) -> None:
    sent = {"mcp-protocol-version": MODERN, "mcp-method": "tools/list"}
    status, answer = posted(service(), request("tools/list", {"_meta": meta}), sent)
    assert (status, answer["error"]["code"]) == (400, -32602)
    assert f"{PREFIX}/clientCapabilities" in answer["error"]["message"]


@pytest.mark.parametrize("method", ["prompts/list", "logging/setLevel", "x", "resources/subscribe"])
def test_a_method_that_is_not_there(method: str) -> None:
    assert posted(service(), request(method))[0] == 200
    status, answer = modern(method)
    assert (status, answer["error"]["code"]) == (404, -32601)
    assert modern("ping")[0] == modern("initialize")[0] == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", -32700),
        ("{", -32700),
        ("[" * 100_000, -32700),
        ('{"id": ' + "9" * 5000 + "}", -32700),
        ("null", -32600),
        ("1", -32600),
        ([], -32600),
        ({}, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 7}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, -32600),
        ({"jsonrpc": "2.0", "method": 7}, -32600),
    ],
    ids=range(15),
)
def test_what_is_no_message(body: object, code: int) -> None:
    status, answer = posted(service(), body)
    assert (status, answer["error"]["code"], answer["id"]) == (400, code, None)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        {"jsonrpc": "2.0", "id": 7, "result": {}},
        {"jsonrpc": "2.0", "id": 7, "error": {"code": -1, "message": "no"}},
    ],
)
def test_what_wants_no_answer_gets_none(message: object) -> None:
    assert posted(service(), message) == (202, None)
    refused = posted(service(), message, {"mcp-protocol-version": "1999-01-01"})
    assert refused[0] == 400


@pytest.mark.parametrize("identity", ["a", "", 0, -1, 2**53, "\u00e9"])
def test_an_answer_has_the_request_s_id(identity: object) -> None:
    assert posted(service(), PING | {"id": identity})[1]["id"] == identity


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_are_no_streams_and_no_sessions(method: str) -> None:
    status, answer = posted(service(), "", method=method)
    assert (status, answer["error"]["message"]) == (405, "Only POST is served here.")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example.com"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://api.example.com"}, 403),
        ({"origin": "https://api.example.com.evil.com"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "https://api.example.com"}, 200),
        ({"origin": "https://chat.example.com"}, 200),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": ""}, 415),
        ({"content-type": "Application/JSON; charset=utf-8"}, 200),
        ({"accept": "text/event-stream"}, 406),
        ({"accept": "text/html, application/json;q=0.1"}, 200),
        ({"accept": "application/*"}, 200),
    ],
)
def test_headers_decide_before_a_message_is_read(headers: dict[str, str], status: int) -> None:
    found = posted(service(), PING, headers, origins=["https://chat.example.com"])
    assert found[0] == status
    assert ("result" in found[1]) is (status == 200)
    assert posted(service(), "{", headers)[0] in {400, 403, 406, 415}


def test_a_long_message_is_refused() -> None:
    long = PING | {"params": {"_meta": {"x": "y" * MAX_BODY}}}
    assert posted(service(), long)[0] == 413


@pytest.mark.parametrize(
    ("method", "params", "word"),
    [
        ("tools/call", {}, "name"),
        ("tools/call", {"name": "get_index", "arguments": []}, "arguments"),
        ("tools/call", {"name": "nothing"}, "Unknown tool: nothing. There is: get_artifact"),
        ("tools/list", {"cursor": 1}, "cursor"),
        ("tools/list", {"cursor": "!"}, "cursor is none of this server's"),
        ("resources/list", {"cursor": "eA"}, "cursor is none of this server's"),
        ("resources/read", {}, "uri"),
        ("initialize", {}, "protocolVersion"),
    ],
)
def test_bad_parameters_say_which(method: str, params: dict[str, Any], word: str) -> None:
    _, answer = posted(service(), request(method, params))
    assert answer["error"]["code"] == -32602
    assert word in answer["error"]["message"]


def test_a_storage_that_is_away_is_no_stack_trace(edge: GoldEdge) -> None:
    edge.refuse = Reply(403, b"<Error><Code>AccessDenied</Code></Error>")
    for body in (
        request("resources/list"),
        request("resources/read", {"uri": "basketball://team-stats"}),
    ):
        status, answer = posted(service(), body)
        assert (status, answer["error"]["code"]) == (200, -32603)
        assert answer["error"]["message"].startswith("The statistics cannot be read at the moment")


def test_what_nobody_thought_of_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = service()
    monkeypatch.setattr(broken, "list_tools", lambda _: 1 / 0)
    status, answer = posted(broken, request("tools/list"))
    assert (status, answer["error"]["code"]) == (200, -32603)
    assert "division" not in json.dumps(answer)
