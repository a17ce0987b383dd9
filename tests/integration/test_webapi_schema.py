"""The messages' API is as its documentation says, whatever it is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from function_kit.openapi import described
from openapi_spec_validator import validate

from tests.kit import fuzz
from tests.kit.gateway import REGION, Gateway
from tests.kit.webapi import WebApi, fronted, web_api

DOCUMENT = fuzz.document(described("message_webapi.api"))
CASES = 15


@pytest.fixture(scope="module")
def api(aws_endpoint: str) -> Iterator[WebApi]:
    with web_api(aws_endpoint) as made:
        yield made


@pytest.fixture(scope="module")
def front(api: WebApi) -> Iterator[Gateway]:
    with fronted(api) as made:
        yield made


def test_the_documentation_is_openapi() -> None:
    validate(DOCUMENT)


def test_no_answer_that_is_not_documented(api: WebApi, front: Gateway) -> None:
    _, message = api.ask("POST", "/api/messages", {"message_type": "hello_world"})
    schedule = {"name": "known", "expression": "rate(1 day)", "message": {"message_type": "notify"}}
    api.ask("POST", "/api/schedules", schedule)
    known = {"id": message["id"], "name": "known"}
    signed = fuzz.Signed("test", "test", REGION)
    found = fuzz.fuzz(DOCUMENT, front.url, signed, CASES, known)
    assert found.cases > 15 * CASES
    # Both good and bad requests were among them.
    for operation, statuses in {
        "GET /api/messages": {200, 400},
        "POST /api/messages": {201, 400},
        "GET /api/messages/{id}": {200, 404},
        "POST /api/messages/{id}/retry": {404, 409},
        "POST /api/schedules": {201, 400},
        "POST /api/schedules/{name}/pause": {200, 400, 404},
        "POST /api/schedules/{name}/run": {201, 400, 404},
        "DELETE /api/schedules/{name}": {200, 400, 404},
    }.items():
        assert set(found.statuses[operation]) >= statuses, operation


@pytest.mark.parametrize("key", ["nobody", "test"])
def test_strangers_get_the_page_and_health_and_nothing_else(front: Gateway, key: str) -> None:
    for route, operation in described("message_webapi.api")["operations"].items():
        method, _, path = route.partition(" ")
        url = front.url + path.format(id="msg_1", name="app.js")
        auth = fuzz.Signed(key, "wrong", REGION) if key == "test" else None
        status = requests.request(method, url, auth=auth, timeout=30).status_code
        public = operation.get("security") == []
        assert (status == 403) is not public, route
