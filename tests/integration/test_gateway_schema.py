"""The gateway's REST side is as its documentation says, whatever it is asked and by whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import requests.auth
from function_kit.openapi import described
from openapi_spec_validator import validate

from tests.kit import fuzz
from tests.kit.database_server import database_server
from tests.kit.invoke_gateway import Running, add_client, gateway

DOCUMENT = fuzz.document(described("lambda_action.api"))
CASES = 40
# What makes no function run for a stranger.
OPEN = {"GET /health", "POST /api/v1/token"}


class Bearer(requests.auth.AuthBase):
    """A token, with every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["authorization"] = f"Bearer {self._token}"
        return request


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with database_server() as server:
        add_client(server)
        with gateway(server) as running:
            yield running


def test_the_documentation_is_openapi() -> None:
    validate(DOCUMENT)


def test_no_answer_that_is_not_documented(running: Running) -> None:
    known = {"name": "waddlebot-echo", "function_name": "waddlebot-echo"}
    found = fuzz.fuzz(DOCUMENT, running.rest, Bearer(running.token()), CASES, known)
    assert found.cases > 5 * CASES
    for operation, statuses in {
        "POST /api/v1/token": {400, 401},
        "POST /api/v1/invoke": {400, 403},
        "POST /api/v1/batch": {200, 400},
        "GET /api/v1/functions": {200, 400},
        "GET /api/v1/functions/{name}": {200, 403},
    }.items():
        assert set(found.statuses[operation]) >= statuses, operation


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_strangers_get_nothing_but_refusals(running: Running, token: str) -> None:
    auth = Bearer(token) if token else None
    found = fuzz.fuzz(DOCUMENT, running.rest, auth, CASES // 4, {})
    assert set(found.statuses) >= {f"{o}" for o in described("lambda_action.api")["operations"]}
    for operation, statuses in found.statuses.items():
        if operation not in OPEN:
            assert set(statuses) <= {401, 405}, operation
    assert running.invoked() == {} or token == "nonsense"
