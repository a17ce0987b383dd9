"""The devices' HTTP API on the local stack: who gets in, and who does not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fleet.stack.fixtures import SAMPLE_KEY

from tests.e2e.conftest import Stack
from tests.kit.http_api import (
    PUBLIC,
    Api,
    Route,
    caller,
    crossed,
    preflight,
    signing_as,
)

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return Api(stack.place)


@pytest.fixture(scope="module")
def closed(api: Api) -> list[Route]:
    """The deployed routes that want a signature."""
    return [route for route in api.routes() if route.authorization != "NONE"]


def test_no_route_is_open_but_those_that_may_be(api: Api) -> None:
    routes = api.routes()
    assert {route.key for route in routes if route.authorization == "NONE"} == PUBLIC
    assert {route.key for route in routes} > PUBLIC
    told = api.outputs["routes"].values()
    assert {f"{r['method']} {r['path']}" for routes in told for r in routes} == {
        route.key for route in routes
    }


def test_every_closed_route_refuses_an_unsigned_call(api: Api, closed: list[Route]) -> None:
    answers = {r.key: api.call(r.method, r.path, "{}", signed=False) for r in closed}
    assert {key: answer.status_code for key, answer in answers.items()} == dict.fromkeys(
        answers, 403
    )


@pytest.fixture(scope="module")
def reader(api: Api) -> Iterator[tuple[str, str]]:
    """The key of somebody who may call one route."""
    with caller(api.place, [api.arn("GET", "/downloads")]) as key:
        yield key


def test_a_caller_gets_the_routes_that_a_policy_names_and_no_other(
    api: Api, closed: list[Route], reader: tuple[str, str]
) -> None:
    with signing_as(reader):
        answers = {r.key: api.call(r.method, r.path, "{}").status_code for r in closed}
    assert answers.pop("GET /downloads") == 400
    assert set(answers.values()) == {403}


def test_a_forged_signature_is_refused(
    api: Api, closed: list[Route], reader: tuple[str, str]
) -> None:
    with signing_as((reader[0], "not-the-secret-of-that-key")):
        answers = {r.key: api.call(r.method, r.path, "{}").status_code for r in closed}
    assert set(answers.values()) == {403}


def test_a_signature_is_good_for_what_was_signed(api: Api, reader: tuple[str, str]) -> None:
    """Another path with the signature of an allowed one; and another host."""
    with signing_as(reader):
        signed = api.call("GET", "/downloads")
        authorization = dict(signed.request.headers)
    stolen = {n: v for n, v in authorization.items() if n in ("authorization", "x-amz-date")}
    assert api.call("GET", "/s3url", signed=False, headers=stolen).status_code == 403
    query = f"/downloads?key={SAMPLE_KEY}"
    assert api.call("GET", query, signed=False, headers=stolen).status_code == 403


def test_every_route_answers_a_signed_call_as_terraform_says(api: Api) -> None:
    for routes in api.outputs["routes"].values():
        for route in routes:
            path = "/" + route["url"].split("/", 3)[3]
            answer = api.call(route["method"], path, route["body"])
            assert answer.status_code == route["expect_status"], (path, answer.text)


def test_a_signed_call_gets_its_answer_and_an_id_to_ask_about(api: Api) -> None:
    answer = api.call("GET", f"/s3url?key={SAMPLE_KEY}")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.headers["apigw-requestid"]
    assert answer.json()["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", "/nothing", ""),
        ("POST", "/downloads", ""),
        ("GET", "/prod/downloads", ""),
        ("GET", "/downloads/", "deadbeef.execute-api.localhost:1"),
        ("GET", "/downloads", "deadbeef.execute-api.localhost:1"),
    ],
)
def test_what_is_not_there_is_not_found(api: Api, method: str, path: str, host: str) -> None:
    """No route, another method, a stage that does not exist, another API's name."""
    answer = api.call(method, path, host=host)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_web_pages_are_refused_unless_they_are_named(api: Api) -> None:
    answer = preflight(api, "https://console.example.com")
    assert answer.status_code >= 400
    assert not crossed(answer)


def test_each_request_is_logged_as_one_line_of_json(api: Api) -> None:
    """What API Gateway is told to write, and where. The local AWS keeps that and writes nothing."""
    stage = api.place.environment.client("apigatewayv2").get_stage(
        ApiId=api.id, StageName="$default"
    )
    settings = stage["AccessLogSettings"]
    line = json.loads(settings["Format"])
    assert {"requestId", "caller", "route", "status", "responseLatency"} <= set(line)
    assert settings["DestinationArn"].rstrip(":*").endswith(api.described["access_log"])
    groups = api.place.environment.client("logs").describe_log_groups(
        logGroupNamePrefix=api.described["access_log"]
    )
    assert groups["logGroups"][0]["retentionInDays"] == 1
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 50


def test_api_gateway_may_call_the_alias_for_its_routes_alone(api: Api, stack: Stack) -> None:
    """From each function's own policy: this API, one statement for each route, never $LATEST."""
    client = stack.client("lambda")
    found = set()
    for function in api.outputs["routes"]:
        name = stack.environment.function_name(function)
        policy = json.loads(client.get_policy(FunctionName=name, Qualifier="live")["Policy"])
        for statement in policy["Statement"]:
            if statement["Principal"] != {"Service": "apigateway.amazonaws.com"}:
                continue
            source = statement["Condition"]["ArnLike"]["AWS:SourceArn"]
            assert f":{api.id}/*/" in source
            found.add(source.partition("/*/")[2])
    assert found == {
        "/".join(
            "*" if part.startswith("{") else part for part in route.key.replace(" ", "").split("/")
        )
        for route in api.routes()
    }
