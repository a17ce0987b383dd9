"""The MCP server on the local stack: through the HTTP API, with its authorisation, from gold."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Stack
from tests.kit import gold_objects
from tests.kit.http_api import Api, caller, signing_as
from tests.kit.mcp_http import call, request

pytestmark = pytest.mark.stack
ACCEPT = {"accept": "application/json, text/event-stream"}
# A day before the league's first: nobody else's object is there.
DAY = "1946-10-31"


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return Api(stack.place)


@pytest.fixture
def played(api: Api) -> Iterator[dict[str, Any]]:
    """A player's day, in the gold bucket that the function reads."""
    name = api.place.environment.function_name("mcp-server")
    variables = api.place.environment.client("lambda").get_function_configuration(
        FunctionName=name
    )["Environment"]["Variables"]
    number = secrets.randbelow(10**9) + 1
    uri = f"player_daily/{DAY}/{number}"
    content = gold_objects.player_daily(gold_objects.JAMES) | {
        "resource_uri": uri,
        "date": DAY,
        "player_id": number,
    }
    place = {"Bucket": variables["GOLD_BUCKET"], "Key": f"{uri}.json"}
    s3 = api.place.environment.client("s3")
    s3.put_object(**place, Body=json.dumps(content).encode())
    yield content
    s3.delete_object(**place)


def asked(api: Api, message: Any, **options: Any) -> tuple[int, Any]:
    answer = api.call("POST", "/mcp", json.dumps(message), headers=ACCEPT, **options)
    return answer.status_code, answer.json()


def test_a_signed_call_is_answered_from_the_bucket(api: Api, played: dict[str, Any]) -> None:
    status, answer = asked(api, call("get_artifact", resource_uri=played["resource_uri"]))
    assert status == 200
    assert answer["result"]["structuredContent"]["artifact"] == played


def test_nobody_is_answered_without_a_signature(api: Api, played: dict[str, Any]) -> None:
    # A bearer token is left out: the local AWS lets any through on such a route of an HTTP API,
    # where AWS answers 403.
    body = json.dumps(call("get_artifact", resource_uri=played["resource_uri"]))
    for method in ("POST", "GET", "DELETE"):
        unsigned = api.call(method, "/mcp", body, headers=ACCEPT, signed=False)
        with signing_as(("AKIAIOSFODNN7EXAMPLE", "nobody-s-secret")):
            forged = api.call(method, "/mcp", body, headers=ACCEPT)
        for answer in (unsigned, forged):
            assert answer.status_code == 403
            assert played["name"] not in answer.text


def test_nobody_is_answered_whose_policy_does_not_name_the_route(api: Api) -> None:
    body = json.dumps(request("tools/list"))
    with caller(api.place, [api.arn("GET", "/mcp")]) as key, signing_as(key):
        assert api.call("POST", "/mcp", body, headers=ACCEPT).status_code == 403
        assert api.call("GET", "/mcp").status_code == 405
    with caller(api.place, [api.arn("POST", "/mcp")]) as key, signing_as(key):
        assert api.call("POST", "/mcp", body, headers=ACCEPT).status_code == 200
        assert api.call("GET", "/mcp").status_code == 403


def test_streams_and_sessions_are_not_allowed(api: Api) -> None:
    for method in ("GET", "DELETE"):
        answer = api.call(method, "/mcp")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_path_trick_is_a_tool_error(api: Api) -> None:
    for uri in ("../index/latest", "index/../index/latest", "s3://other/x", "index/latest.json"):
        status, answer = asked(api, call("get_artifact", resource_uri=uri))
        assert (status, answer["result"]["isError"]) == (200, True)
