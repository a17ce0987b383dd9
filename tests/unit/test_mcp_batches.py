"""Batches of JSON-RPC messages, which version 2025-03-26 has and no later one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mcp_server.http import MAX_BATCH
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS

from tests.kit import gold_objects
from tests.kit.gold_edge import GoldEdge, service, serving_gold
from tests.kit.mcp_http import call, posted, request

BATCHES = "2025-03-26"
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/initialized"}
RESPONSE = {"jsonrpc": "2.0", "id": 7, "result": {}}
HANDSHAKE = {"protocolVersion": BATCHES, "capabilities": {},
             "clientInfo": {"name": "test", "version": "1"}}  # fmt: skip


@pytest.fixture(autouse=True)
def edge() -> Iterator[GoldEdge]:
    with serving_gold(gold_objects.objects()) as served:
        yield served


@pytest.mark.parametrize("headers", [{}, {"mcp-protocol-version": BATCHES}])
def test_each_request_of_a_batch_is_answered_as_it_is_alone(headers: dict[str, str]) -> None:
    on = service()
    requests = [
        request("ping", number=3),
        call("get_team_stats", team_name="LAL") | {"id": "a"},
        call("get_team_stats", team_name="nobody") | {"id": 4},
        request("nothing/at/all", number=5),
        {"jsonrpc": "2.0", "id": 6, "method": 7},
    ]
    alone = [posted(on, each, headers)[1] for each in requests]
    assert posted(on, requests, headers) == (200, alone)
    assert [each["id"] for each in alone] == [3, "a", 4, 5, None]
    mixed = [requests[0], NOTIFICATION, requests[1], RESPONSE]
    assert posted(on, mixed, headers) == (200, alone[:2])


def test_what_wants_no_answer_gets_none_in_a_batch_too() -> None:
    assert posted(service(), [NOTIFICATION, RESPONSE]) == (202, None)


@pytest.mark.parametrize("part", [None, 1, "x", [], [request("ping")], {}])
def test_what_is_no_message_spoils_nothing_but_itself(part: Any) -> None:
    status, answers = posted(service(), [part, request("ping", number=2)])
    assert status == 200
    assert (answers[0]["id"], answers[0]["error"]["code"]) == (None, -32600)
    assert answers[1] == {"jsonrpc": "2.0", "id": 2, "result": {}}


@pytest.mark.parametrize("version", sorted({*KNOWN_PROTOCOL_VERSIONS} - {BATCHES}))
def test_no_other_version_has_batches(version: str) -> None:
    headers = {"mcp-protocol-version": version}
    status, answer = posted(service(), [request("ping")], headers)
    assert (status, answer["error"]["code"]) == (400, -32600)


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        ([], "1 to 20 messages"),
        ([request("ping")] * (MAX_BATCH + 1), "1 to 20 messages"),
        ([request("ping"), request("initialize", HANDSHAKE)], "handshake"),
    ],
)
def test_a_batch_that_is_refused_as_a_whole(batch: Any, says: str) -> None:
    status, answer = posted(service(), batch)
    assert (status, answer["error"]["code"], answer["id"]) == (400, -32600, None)
    assert says in answer["error"]["message"]


def test_answers_that_lambda_could_not_send_are_refused(edge: GoldEdge) -> None:
    index = gold_objects.index()
    index["seasons"]["2024-25"]["players"] = [
        {"player_id": n, "name": f"Player {n}", "games_played": 1, "team_ids": [1]}
        for n in range(1, 2000)
    ]
    edge.put("index/latest.json", index)
    on = service()
    assert posted(on, [call("get_index")])[0] == 200
    status, answer = posted(on, [call("get_index")] * MAX_BATCH)
    assert (status, answer["error"]["code"]) == (400, -32600)
    assert "too long for one batch" in answer["error"]["message"]
