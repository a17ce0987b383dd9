from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from function_kit import http_api
from function_kit.http_api import HttpError, parameters, parse_body
from function_kit.unavailable import Unavailable
from pydantic import BaseModel, Field

CONTEXT = SimpleNamespace(aws_request_id="request-1")


class Size(BaseModel):
    width: int
    tags: list[int] = Field(default_factory=list)


@http_api.http_api
def handle(event: dict[str, Any], context: Any, _settings: None) -> dict[str, Any]:
    """Answers with what it was asked to do."""
    match event:
        case {"size": size}:
            return http_api.response(200, Size(**size).model_dump(), context.aws_request_id)
        case {"refuse": status}:
            raise HttpError(status, "no_way", "Not like this.", [{"field": "a", "reason": "b"}])
        case _:
            raise RuntimeError("password=hunter2hunter2 of the database")


def body(answer: dict[str, Any]) -> Any:
    return json.loads(answer["body"])


def test_an_answer_is_json_in_payload_format_2() -> None:
    answer = http_api.response(201, {"name": "ü", "n": 1}, "request-1", {"location": "/x"})
    assert answer["statusCode"] == 201
    assert answer["isBase64Encoded"] is False
    assert answer["headers"] == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "location": "/x",
    }
    assert body(answer) == {"name": "ü", "n": 1, "request_id": "request-1"}


def test_headers_can_be_replaced() -> None:
    answer = http_api.response(200, {}, "r", {"content-type": "text/html"})
    assert answer["headers"]["content-type"] == "text/html"


def test_an_error_says_code_message_and_fields() -> None:
    fields = [{"field": "key", "reason": "missing"}]
    answer = http_api.error(400, "bad", "It is bad.", fields, request_id="r")
    assert answer["statusCode"] == 400
    assert body(answer) == {
        "success": False,
        "error": {"code": "bad", "message": "It is bad.", "fields": fields},
        "request_id": "r",
    }
    assert "fields" not in body(http_api.error(404, "none", "There is none."))["error"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({}, {}),
        ({"body": None}, {}),
        ({"body": ""}, {}),
        ({"body": '{"a": [1]}'}, {"a": [1]}),
        ({"body": {"a": 1}}, {"a": 1}),
        ({"body": base64.b64encode(b'{"a": 1}').decode(), "isBase64Encoded": True}, {"a": 1}),
    ],
)
def test_a_body_is_an_object_or_absent(event: dict[str, Any], expected: object) -> None:
    assert parse_body(event) == expected


@pytest.mark.parametrize(
    "event",
    [
        {"body": "{"},
        {"body": "[1]"},
        {"body": '"text"'},
        {"body": "null"},
        {"body": 5},
        {"body": "not base64!", "isBase64Encoded": True},
        {"body": base64.b64encode(b"\xff\xfe\xfd").decode(), "isBase64Encoded": True},
        {"body": "[" * 100_000},
    ],
)
def test_any_other_body_is_the_callers_mistake(event: dict[str, Any]) -> None:
    with pytest.raises(HttpError) as raised:
        parse_body(event)
    assert raised.value.status == 400
    assert raised.value.fields == [{"field": "body", "reason": "not a JSON object"}]


def test_parameters_come_from_the_query_the_body_or_the_event_itself() -> None:
    http: dict[str, Any] = {"requestContext": {}, "queryStringParameters": {"a": "1", "b": "2"}}
    assert parameters(http) == {"a": "1", "b": "2"}
    assert parameters({**http, "body": '{"b": 3}'}) == {"a": "1", "b": 3}
    assert parameters({"requestContext": {}, "queryStringParameters": None}) == {}
    assert parameters({"a": 1}) == {"a": 1}


def test_a_good_answer_passes_through() -> None:
    answer = handle({"size": {"width": "3"}}, CONTEXT, None)
    assert answer["statusCode"] == 200
    assert body(answer) == {"width": 3, "tags": [], "request_id": "request-1"}


def test_an_invalid_request_is_400_with_a_reason_for_each_field() -> None:
    answer = handle({"size": {"width": "wide-secret", "tags": [1, "x"]}}, CONTEXT, None)
    assert answer["statusCode"] == 400
    assert body(answer)["request_id"] == "request-1"
    fields = body(answer)["error"]["fields"]
    assert [field["field"] for field in fields] == ["width", "tags.1"]
    assert all("valid integer" in field["reason"] for field in fields)
    assert "wide-secret" not in answer["body"]


def test_a_refusal_has_its_own_status() -> None:
    answer = handle({"refuse": 409}, CONTEXT, None)
    assert answer["statusCode"] == 409
    assert body(answer)["error"] == {
        "code": "no_way",
        "message": "Not like this.",
        "fields": [{"field": "a", "reason": "b"}],
    }


def test_anything_else_is_500_without_a_word_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    answer = handle({}, CONTEXT, None)
    assert answer["statusCode"] == 500
    assert body(answer) == {
        "success": False,
        "error": {"code": "internal_error", "message": "The request failed on our side."},
        "request_id": "request-1",
    }
    out = capsys.readouterr().out
    assert "request_failed" in out


def test_the_decorated_function_keeps_its_name_and_text() -> None:
    assert handle.__doc__ == "Answers with what it was asked to do."


def test_what_is_away_is_503_with_when_to_come_again(capsys: pytest.CaptureFixture[str]) -> None:
    class Away(Unavailable):
        code = "tape_unavailable"
        message = "The tape is being rewound."

    @http_api.http_api
    def away(_event: dict[str, Any], _context: Any, _settings: None) -> dict[str, Any]:
        raise Away("tape 7 at host internal.example", retry_after=9)

    answer = away({}, CONTEXT, None)
    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "9"
    assert body(answer) == {
        "success": False,
        "error": {"code": "tape_unavailable", "message": "The tape is being rewound."},
        "request_id": "request-1",
    }
    assert "internal.example" in capsys.readouterr().out
