"""What a function answers over HTTP, told in OpenAPI 3.1 from the very models that it uses.

A function keeps its operations in a module of its own, `api.py`, named to `lambda_handler` by
`api="<package>.api"`. The event `{"describe": "openapi"}` imports it and answers with
`describe(OPERATIONS)`; no other invocation pays for it.

OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

type Model = type[BaseModel]
type Json = dict[str, Any]

REF: Final = "#/components/schemas/{model}"
_ERRORS: Final = 400  # from here on a status is an error
_PATH_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")


class FieldProblem(BaseModel):
    """One field of a request that is not as it must be."""

    field: str = Field(description="The field, with dots between levels, or `body`.")
    reason: str = Field(description="What is wrong with it.")


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="A stable word for programs.")
    message: str = Field(description="A sentence for people.")
    fields: list[FieldProblem] | None = Field(None, description="Each bad field, if any is.")


class ErrorBody(BaseModel):
    """Every answer that is not a success; `function_kit.http_api.error` makes them."""

    model_config = ConfigDict(title="Error")

    success: Literal[False]
    error: ErrorDetail
    request_id: str = Field(description="The invocation's id, which finds its log lines.")


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that an operation may answer with.

    Attributes:
        description: When it does, in a sentence.
        model: The body; of an error without one, `ErrorBody`. None of a success: no schema.
        content_type: The body's media type.
        example: A body.
        headers: Headers worth telling, by name, each with a sentence.
    """

    description: str
    model: Model | None = None
    content_type: str = "application/json"
    example: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route of an HTTP API and what it does.

    Attributes:
        route: API Gateway's route key, such as `POST /ppu/treatments`.
        id: The operation's name in generated clients.
        summary: What it does, in a few words.
        tag: The group that it is shown in.
        description: More, in Markdown.
        query: A model with a field for each query parameter.
        path: A model with a field for each path parameter; without one they are text.
        body: The JSON request body.
        examples: Request bodies by name.
        answers: What it answers, by status.
        public: Whether it is open to callers without authorisation.
    """

    route: str
    id: str
    summary: str
    tag: str
    description: str = ""
    query: Model | None = None
    path: Model | None = None
    body: Model | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[int, Answer]
    public: bool = False


def describe(operations: Sequence[Operation]) -> Json:
    """The operations as OpenAPI's operation objects, and the schemas that they refer to.

    Returns:
        `{"operations": {route key: operation object}, "schemas": {name: JSON Schema}}`;
        references are `#/components/schemas/<name>`.
    """
    wanted = {pair: None for operation in operations for pair in _models(operation)}
    references, definitions = models_json_schema(list(wanted), ref_template=REF)
    return {
        "operations": {o.route: _operation(o, references) for o in operations},
        "schemas": definitions.get("$defs", {}),
    }


def described(module: str) -> Json:
    """`describe` of the `OPERATIONS` in a module, which is imported now.

    Args:
        module: Its dotted name.
    """
    return describe(importlib.import_module(module).OPERATIONS)


def _models(operation: Operation) -> Iterator[tuple[Model, Any]]:
    for model in (operation.query, operation.path, operation.body):
        if model is not None:
            yield model, "validation"
    for status, answer in operation.answers.items():
        model = _body(status, answer)
        if model is not None:
            yield model, "serialization"


def _body(status: int, answer: Answer) -> Model | None:
    return answer.model or (ErrorBody if status >= _ERRORS else None)


def _operation(operation: Operation, references: Mapping[Any, Json]) -> Json:
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": {
            str(status): _response(status, answer, references)
            for status, answer in operation.answers.items()
        },
    }
    if operation.description:
        described["description"] = operation.description
    if parameters := [*_path_parameters(operation), *_parameters(operation.query, "query")]:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = _request(operation, references)
    if operation.public:
        described["security"] = []
    return described


def _request(operation: Operation, references: Mapping[Any, Json]) -> Json:
    content: Json = {"schema": references[operation.body, "validation"]}
    if operation.examples:
        content["examples"] = {k: {"value": v} for k, v in operation.examples.items()}
    return {"required": True, "content": {"application/json": content}}


def _response(status: int, answer: Answer, references: Mapping[Any, Json]) -> Json:
    described: Json = {"description": answer.description}
    model = _body(status, answer)
    content: Json = {} if model is None else {"schema": references[model, "serialization"]}
    if answer.example is not None:
        content["example"] = answer.example
    if content or answer.content_type != "application/json":
        described["content"] = {answer.content_type: content}
    if answer.headers:
        described["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in answer.headers.items()
        }
    return described


def _path_parameters(operation: Operation) -> Iterator[Json]:
    if operation.path is not None:
        yield from _parameters(operation.path, "path")
        return
    for name, _ in _PATH_PARAMETER.findall(operation.route):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameters(model: Model | None, place: str) -> Iterator[Json]:
    if model is None:
        return
    schema = model.model_json_schema(ref_template=REF)
    # Parameters stand alone, so what they refer to is put in their place.
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    for name, found in schema.get("properties", {}).items():
        resolved = _given(_inlined(found, definitions))
        described: Json = {"name": name, "in": place, "schema": resolved}
        if place == "path" or name in required:
            described["required"] = True
        if text := resolved.pop("description", None):
            described["description"] = text
        yield described


def _given(schema: Json) -> Json:
    """A parameter's schema without null, its default included: none is sent by leaving it out."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == len(schema.get("anyOf", [])):
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    return rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})


def _inlined(schema: Any, definitions: Mapping[str, Json]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_inlined(definitions[name], definitions), **rest}
    return {key: _inlined(value, definitions) for key, value in schema.items()}
