"""What a function says of its own API, held against what it answers."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Literal

import pytest
from function_kit import http_api, openapi
from function_kit.handler import lambda_handler
from function_kit.openapi import Answer, Operation, describe
from function_kit.settings import Settings
from pydantic import BaseModel, Field

from tests.kit.invoke import LambdaContext


class Colour(BaseModel):
    name: Literal["red", "green"]


class Paint(BaseModel):
    """A request."""

    colour: Colour
    layers: int = Field(1, ge=1, description="How many times.")


class Page(BaseModel):
    limit: int = Field(10, ge=1, le=100, description="How many at most.")
    tone: Colour | None = None


class Wall(BaseModel):
    wall_id: str


PAINT = Operation(
    route="POST /walls/{wall_id}/paint",
    id="paintWall",
    summary="Paint a wall",
    tag="walls",
    body=Paint,
    examples={"red": {"colour": {"name": "red"}}},
    query=Page,
    answers={200: Answer("Painted.", Wall), 404: Answer("No such wall.")},
)


def test_an_operation_has_its_models_examples_and_answers() -> None:
    described = describe([PAINT])
    operation = described["operations"]["POST /walls/{wall_id}/paint"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Paint"}
    assert content["examples"] == {"red": {"value": {"colour": {"name": "red"}}}}
    answers = operation["responses"]
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Wall")
    assert answers["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")
    assert {"Paint", "Colour", "Wall", "ErrorBody"} <= set(described["schemas"])


def test_parameters_stand_alone_and_those_of_the_path_are_required() -> None:
    parameters = {p["name"]: p for p in describe([PAINT])["operations"][PAINT.route]["parameters"]}
    assert parameters["wall_id"]["in"] == "path"
    assert parameters["wall_id"]["required"] is True
    assert parameters["limit"]["schema"]["maximum"] == 100
    assert parameters["limit"]["description"] == "How many at most."
    assert "required" not in parameters["limit"]
    assert "$ref" not in str(parameters["tone"])


def test_a_parameter_that_may_be_left_out_is_never_null() -> None:
    class Search(BaseModel):
        text: str | None = Field(None, max_length=5, description="What to find.")
        near: int | str | None = None

    operation = Operation(
        route="GET /walls", id="find", summary="Find", tag="walls", query=Search, answers={}
    )
    text, near = describe([operation])["operations"]["GET /walls"]["parameters"]
    assert text["schema"] == {"type": "string", "maxLength": 5, "title": "Text"}
    assert text["description"] == "What to find."
    assert "required" not in text
    assert near["schema"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]


def test_only_a_public_operation_needs_no_authorisation() -> None:
    page = Operation(
        route="GET /docs",
        id="docs",
        summary="The page",
        tag="docs",
        answers={200: Answer("HTML.", content_type="text/html", headers={"etag": "Its hash."})},
        public=True,
    )
    described = describe([PAINT, page])["operations"]
    assert described["GET /docs"]["security"] == []
    assert "security" not in described[PAINT.route]
    assert list(described["GET /docs"]["responses"]["200"]["content"]) == ["text/html"]
    assert list(described["GET /docs"]["responses"]["200"]["headers"]) == ["etag"]


def test_the_error_schema_is_what_the_kit_answers() -> None:
    answer = http_api.invalid([{"field": "a", "reason": "missing"}]).answer("id-1")
    body = openapi.ErrorBody.model_validate_json(answer["body"])
    assert body.error.fields == [openapi.FieldProblem(field="a", reason="missing")]
    assert body.request_id == "id-1"


@pytest.fixture
def described_by(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ENVIRONMENT", "dev")
    module = ModuleType("example_api")
    module.OPERATIONS = (PAINT,)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "example_api", module)
    return "example_api"


def test_a_function_describes_itself_when_asked_directly(described_by: str) -> None:
    def body(event: dict[str, Any], _context: Any, _settings: Settings) -> dict[str, Any]:
        return {"event": event}

    decorate = lambda_handler(service="x", settings=Settings, checks=lambda _: {}, api=described_by)
    handler = decorate(body)
    answer = handler({"describe": "openapi"}, LambdaContext())
    assert answer == {"statusCode": 200, "openapi": describe([PAINT])}
    other = {"describe": "openapi", "requestContext": {}}
    assert handler(other, LambdaContext()) == {"event": other}
