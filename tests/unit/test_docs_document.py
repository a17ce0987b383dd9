"""What is deployed, as an OpenAPI document: each route once, and each schema for what it is."""

from __future__ import annotations

from typing import Any

import pytest
from api_docs_generator.descriptions import Description
from api_docs_generator.document import ANY_METHOD, METHODS, Assembly
from api_docs_generator.gateway import Api, Authorizer, Route
from function_kit.openapi import Answer, Operation, describe
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, create_model

from tests.kit.docs import CLOCK, ENDPOINT, PREFIX, TREATMENTS, arn

GATEWAY = {"$ref": "#/components/schemas/GatewayMessage"}
BAD_NAME = Authorizer("our issuer!", "https://issuer.example/")


def said(*operations: Operation, **changes: Any) -> Description:
    return Description("1", "1/r", "2026-01-02T03:04:05+00:00", **describe(operations), **changes)


def assembly(
    *routes: Route, descriptions: dict[str, Description | None] | None = None, **more: str
) -> Assembly:
    found = {arn(short): d for short, d in (descriptions or {}).items()}
    api = Api("a1b2c3", "devices", ENDPOINT, routes=routes, **more)
    return Assembly(api, found, f"{PREFIX}-", "eu-west-1")


def made(*routes: Route, **descriptions: Description | None) -> dict[str, Any]:
    """The document of some routes, which is a valid one."""
    shorts = {short.replace("_", "-"): d for short, d in descriptions.items()}
    document = assembly(*routes, descriptions=shorts).document()
    OpenAPIV31SpecValidator(document).validate()
    return document


def operation(key: str, *models: type[BaseModel], id: str = "same", **more: Any) -> Operation:  # noqa: A002
    """An operation whose answers have these models."""
    answers = {200 + n: Answer("Good.", model) for n, model in enumerate(models)}
    return Operation(
        route=key, id=id, summary="x", tag="t", answers=answers or {200: Answer("x")}, **more
    )


def test_a_described_route_is_as_its_function_says() -> None:
    route = Route("POST /ppu/treatments", "AWS_IAM", function=arn("insert-ppu-data"))
    document = made(route, insert_ppu_data=said(TREATMENTS))
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": ENDPOINT}]
    assert document["tags"] == [{"name": "Treatments"}]
    found = document["paths"]["/ppu/treatments"]["post"]
    assert found["operationId"] == "insertTreatments"
    content = found["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Treatment"}
    assert content["examples"]["one"]["value"]["minutes"] == 5
    schemas = document["components"]["schemas"]
    assert schemas["Treatment"]["properties"]["minutes"]["maximum"] == 1440
    assert {"Treatment", "Stored", "ErrorBody", "FieldProblem", "GatewayMessage"} <= set(schemas)
    assert "x-warning" not in found


@pytest.mark.parametrize(
    ("route", "security", "scheme", "statuses"),
    [
        (Route("GET /clock"), [], None, {"429", "500", "503"}),
        (
            Route("GET /clock", "AWS_IAM"),
            [{"sigv4": []}],
            {"type": "apiKey", "x-amazon-apigateway-authtype": "awsSigv4"},
            {"403", "429", "500", "503"},
        ),
        (
            Route("GET /clock", "JWT", BAD_NAME, ("clock:read",)),
            [{"our-issuer-": ["clock:read"]}],
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"401", "403", "429", "500", "503"},
        ),
        (
            Route("GET /clock", "CUSTOM", Authorizer("ours")),
            [{"ours": []}],
            {"type": "apiKey", "x-amazon-apigateway-authtype": "custom"},
            {"401", "403", "429", "500", "503"},
        ),
    ],
    ids=["open", "signed", "token", "own authorizer"],
)
def test_who_may_call_and_what_the_gateway_answers(
    route: Route, security: Any, scheme: Any, statuses: set[str]
) -> None:
    document = made(route)
    found = document["paths"]["/clock"]["get"]
    assert found["security"] == security
    assert statuses == set(found["responses"]) - {"default"}
    schemes = document["components"].get("securitySchemes", {})
    if scheme is None:
        assert schemes == {}
    else:
        (only,) = schemes.values()
        assert only.items() >= scheme.items()
    for status in statuses:
        content = found["responses"][status]["content"]["application/json"]
        assert content["schema"] == GATEWAY
    example = found["responses"]["429"]["content"]["application/json"]["example"]
    assert example == {"message": "Too Many Requests"}


def test_a_status_of_both_is_either_of_their_answers() -> None:
    document = made(Route("GET /clock", "AWS_IAM", function=arn("c")), c=said(CLOCK))
    responses = document["paths"]["/clock"]["get"]["responses"]
    error = {"$ref": "#/components/schemas/ErrorBody"}
    forbidden = responses["403"]
    assert forbidden["description"] == "Not this device."
    assert forbidden["content"]["application/json"]["schema"] == {"anyOf": [error, GATEWAY]}
    # The kit's own answer where the code fails, though the function does not name it.
    failed = responses["500"]
    assert failed["content"]["application/json"]["schema"] == {"anyOf": [error, GATEWAY]}
    assert failed["description"] == "The function failed."
    assert responses["429"]["content"]["application/json"]["schema"] == GATEWAY


def test_what_is_open_in_words_is_not_open_unless_it_is_deployed_so() -> None:
    public = operation("GET /clock", public=True)
    document = made(Route("GET /clock", "AWS_IAM", function=arn("c")), c=said(public))
    assert document["paths"]["/clock"]["get"]["security"] == [{"sigv4": []}]


def test_a_signed_api_says_how_to_sign_and_an_open_one_does_not() -> None:
    signed = made(Route("GET /clock", "AWS_IAM"))["info"]["description"]
    assert 'curl --aws-sigv4 "aws:amz:eu-west-1:execute-api"' in signed
    assert ENDPOINT in signed
    assert "description" not in made(Route("GET /clock"))["info"]


def test_a_route_that_nothing_describes_is_listed_with_a_warning() -> None:
    routes = (
        Route("GET /a/{b}/{c+}", "AWS_IAM", function=arn("silent")),
        Route("GET /elsewhere"),
        Route("POST /clock", function=arn("c")),
    )
    found = assembly(*routes, descriptions={"silent": None, "c": said(CLOCK)})
    document = found.document()
    OpenAPIV31SpecValidator(document).validate()
    listed = document["paths"]["/a/{b}/{c}"]["get"]
    assert [p["name"] for p in listed["parameters"]] == ["b", "c"]
    assert set(listed["responses"]) == {"default", "403", "404", "429", "500", "503"}
    assert listed["x-warning"] == "The function silent could not be asked to describe this route."
    assert listed["x-warning"] in listed["description"]
    assert found.warnings == [
        "GET /a/{b}/{c+}: The function silent could not be asked to describe this route.",
        "GET /elsewhere: No function is behind this route, so nothing describes it.",
        "POST /clock: The function c does not describe this route.",
    ]


def test_what_a_function_describes_and_nobody_deployed_is_left_out() -> None:
    document = made(Route("GET /clock", function=arn("c")), c=said(CLOCK, TREATMENTS))
    assert set(document["paths"]) == {"/clock"}
    assert "Treatment" not in document["components"]["schemas"]


def test_a_description_that_is_not_of_now_says_since_when() -> None:
    stale = said(CLOCK, stale="invoking a function failed: AccessDeniedException")
    found = made(Route("GET /clock", function=arn("c")), c=stale)["paths"]["/clock"]["get"]
    assert found["summary"] == "The time"
    assert "this is what it said at 2026-01-02T03:04:05+00:00" in found["x-warning"]
    assert "AccessDenied" not in str(found)


def test_any_is_every_method_without_a_route_of_its_own() -> None:
    routes = (Route("ANY /x", function=arn("c")), Route("GET /x", function=arn("c")))
    any_, get = operation("ANY /x", id="anything"), operation("GET /x", id="getX")
    path = made(*routes, c=said(any_, get))["paths"]["/x"]
    assert set(path) == set(METHODS)
    assert path["get"]["operationId"] == "getX"
    ids = {found["operationId"] for found in path.values()}
    assert len(ids) == len(METHODS)
    assert "anything_post" in ids


def test_the_default_route_is_written_as_api_gateway_exports_it() -> None:
    document = made(Route("$default", "AWS_IAM", function=arn("c")), c=said(CLOCK))
    found = document["paths"]["/$default"][ANY_METHOD]
    assert found["operationId"] == "default"
    assert found["security"] == [{"sigv4": []}]
    assert "does not describe" in found["x-warning"]
    # Viewers do not show it: it is told in words, and has no group of its own.
    assert "`$default`" in document["info"]["description"]
    assert document["tags"] == []


def test_operation_ids_are_unique() -> None:
    routes = [Route(f"{m} /p{n}", function=arn("c")) for n in range(3) for m in ("GET", "PUT")]
    same = said(*(operation(route.key) for route in routes))
    paths = made(*routes, c=same)["paths"]
    ids = [found["operationId"] for path in paths.values() for found in path.values()]
    assert len(set(ids)) == 6
    assert ids[0] == "same"


def test_schemas_of_one_name_are_kept_apart_where_they_differ() -> None:
    inner_a = create_model("Inner", a=int)
    inner_b = create_model("Inner", b=int)
    outer_a = create_model("Outer", inner=inner_a)
    outer_b = create_model("Outer", inner=inner_b)
    shared = create_model("Shared", x=int)
    routes = (Route("GET /a", function=arn("one")), Route("GET /b", function=arn("two")))
    document = made(
        *routes,
        one=said(operation("GET /a", outer_a, shared)),
        two=said(operation("GET /b", outer_b, shared)),
    )
    schemas = document["components"]["schemas"]
    assert {"one.Inner", "two.Inner", "one.Outer", "two.Outer", "Shared"} <= set(schemas)
    assert "Shared" in schemas
    assert schemas["one.Inner"]["properties"].keys() == {"a"}
    # What refers to different things is different, though it reads the same.
    reference = schemas["two.Outer"]["properties"]["inner"]["$ref"]
    assert reference == "#/components/schemas/two.Inner"
    answer = document["paths"]["/b"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"]["$ref"] == "#/components/schemas/two.Outer"


def test_a_schema_may_be_called_as_the_gateway_s() -> None:
    theirs = create_model("GatewayMessage", text=str)
    route = Route("GET /a", function=arn("one"))
    document = made(route, one=said(operation("GET /a", theirs)))
    schemas = document["components"]["schemas"]
    assert schemas["one.GatewayMessage"]["properties"].keys() == {"text"}
    assert schemas["GatewayMessage"]["properties"].keys() == {"message"}


def test_schemas_may_refer_to_themselves() -> None:
    class Node(BaseModel):
        children: list[Node]

    Node.model_rebuild()
    document = made(Route("GET /a", function=arn("one")), one=said(operation("GET /a", Node)))
    items = document["components"]["schemas"]["Node"]["properties"]["children"]["items"]
    assert items == {"$ref": "#/components/schemas/Node"}


segments = st.sampled_from(["a", "b-c", "d.json", "{x}"])
paths = st.lists(segments, max_size=3, unique=True).map(lambda parts: "/" + "/".join(parts))
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
keys = st.tuples(methods, paths).map(" ".join)


@given(deployed=st.sets(keys, max_size=8), told=st.sets(keys, max_size=8))
def test_every_deployed_route_is_there_and_no_other(deployed: set[str], told: set[str]) -> None:
    routes = [Route(key, "AWS_IAM", function=arn("f")) for key in sorted(deployed)]
    document = made(*routes, f=said(*map(operation, sorted(told))))
    paths = document["paths"].items()
    listed = {f"{method.upper()} {path}" for path, item in paths for method in item}
    assert listed == deployed
