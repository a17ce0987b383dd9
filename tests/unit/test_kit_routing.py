"""Which code of a function answers which request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from function_kit.http_api import HttpError, response
from function_kit.openapi import Answer, Operation
from function_kit.routing import Request, Router


def told(name: str) -> Any:
    def serve(request: Request, settings: str) -> dict[str, Any]:
        return response(200, {"by": name, "settings": settings, **request.parameters}, request.id)

    return serve


ROUTES = {
    "GET /": told("page"),
    "GET /things": told("list"),
    "POST /things": told("create"),
    "GET /things/{id}": told("one"),
    "GET /things/new": told("new"),
    "DELETE /things/{id}": told("delete"),
    "POST /things/{id}/parts/{part}": told("part"),
}
ROUTER = Router(ROUTES)


def event(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"rawPath": path, "requestContext": {"http": {"method": method, "path": path}}, **more}


def ask(method: str, path: str) -> dict[str, Any]:
    return ROUTER.serve(event(method, path), "r1", "s")


@pytest.mark.parametrize(
    ("method", "path", "by", "parameters"),
    [
        ("GET", "/", "page", {}),
        ("GET", "/things", "list", {}),
        ("POST", "/things", "create", {}),
        ("get", "/things/7", "one", {"id": "7"}),
        ("GET", "/things/new", "new", {}),
        ("DELETE", "/things/new7", "delete", {"id": "new7"}),
        ("POST", "/things/a%20b/parts/%C3%A4%2F", "part", {"id": "a b", "part": "ä/"}),
    ],
)
def test_a_request_reaches_its_route(
    method: str, path: str, by: str, parameters: dict[str, str]
) -> None:
    body = json.loads(ask(method, path)["body"])
    assert body == {"by": by, "settings": "s", "request_id": "r1", **parameters}


@pytest.mark.parametrize(
    "path", ["/nothing", "/things/", "/things//parts/1", "//things", "/things/1/2", "/THINGS"]
)
def test_no_such_path(path: str) -> None:
    with pytest.raises(HttpError) as refused:
        ask("POST", path)
    assert refused.value.status == 404


def test_a_path_that_knows_other_methods() -> None:
    answer = ask("PUT", "/things/7")
    assert answer["statusCode"] == 405
    assert answer["headers"]["allow"] == "DELETE, GET"


def test_a_fixed_word_is_not_a_name() -> None:
    answer = ask("DELETE", "/things/new")
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET")


def test_head_is_get_without_a_body() -> None:
    answer = ask("HEAD", "/things")
    assert (answer["statusCode"], answer["body"]) == (200, "")


def test_what_a_route_is_given() -> None:
    seen = []

    def keep(request: Request, _: str) -> dict[str, Any]:
        seen.append(request)
        return response(200, request.body(), request.id)

    given = event("POST", "/x", headers={"Accept": "a"}, queryStringParameters={"q": "1"})
    Router({"POST /x": keep}).serve(given | {"body": '{"a": 1}'}, "r1", "s")
    (request,) = seen
    assert request.headers == {"accept": "a"}
    assert request.query == {"q": "1"}
    assert request.body() == {"a": 1}


@pytest.mark.parametrize("bad", [{}, {"requestContext": None, "rawPath": "/"}, {"rawPath": "/"}])
def test_an_event_of_something_else(bad: dict[str, Any]) -> None:
    with pytest.raises(HttpError) as refused:
        ROUTER.serve(bad, "r1", "s")
    assert refused.value.status == 400


def operation(route: str) -> Operation:
    return Operation(route=route, id="x", summary="x", tag="x", answers={200: Answer("Done.")})


def test_routes_and_documentation_are_the_same() -> None:
    operations = [operation(route) for route in ROUTES]
    ROUTER.require(operations)
    with pytest.raises(ValueError, match=r"GET /things/new"):
        ROUTER.require([o for o in operations if o.route != "GET /things/new"])
    with pytest.raises(ValueError, match=r"PUT /other"):
        ROUTER.require([*operations, operation("PUT /other")])
    with pytest.raises(ValueError, match="twice"):
        ROUTER.require([*operations, operations[0]])
