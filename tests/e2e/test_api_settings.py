"""The devices' HTTP API for an environment that names web pages and an issuer of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Stack
from tests.kit.http_api import PUBLIC, Api, Issued, configured, crossed, issue, preflight

pytestmark = pytest.mark.stack
PAGE = "https://console.example.com"


@pytest.fixture(scope="module")
def issued(stack: Stack) -> Issued:
    return issue(stack.environment, "device-1")


@pytest.fixture(scope="module")
def api(stack: Stack, issued: Issued) -> Iterator[Api]:
    """The API as Terraform makes it with other variables, and as it was again afterwards."""
    found = Api(stack.place)
    jwt = {"issuer": issued.issuer, "audience": [issued.client]}
    cors = {"allow_origins": [PAGE]}
    with configured(stack.place, authorization="JWT", jwt=jwt, cors=cors):
        yield found
    assert {route.authorization for route in found.routes()} <= {"AWS_IAM", "NONE"}


def test_the_api_takes_tokens_and_nothing_else(api: Api, issued: Issued) -> None:
    head, claims, signature = issued.token.split(".")
    forged = f"{head}.{claims}.{signature[::-1]}"
    closed = [route for route in api.routes() if route.authorization != "NONE"]
    strangers: list[dict[str, Any]] = [
        {"signed": False},
        {"signed": True},
        {"token": "none"},
        {"token": forged},
        {"token": issued.other},  # of the same issuer, and meant for another program
    ]
    for stranger in strangers:
        answers = {r.key: api.call(r.method, r.path, "{}", **stranger) for r in closed}
        assert {answer.status_code for answer in answers.values()} == {401}, stranger
    good = api.call("GET", "/downloads", token=issued.token)
    assert (good.status_code, good.json()["error"]["code"]) == (400, "invalid_request")
    assert {r.key for r in api.routes() if r.authorization == "NONE"} == PUBLIC


def test_the_named_web_page_may_call_and_still_needs_its_token(api: Api, issued: Issued) -> None:
    allowed = preflight(api, PAGE)
    assert allowed.status_code in {200, 204}
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in allowed.headers
    assert not crossed(preflight(api, "https://evil.example"))
    page = {"origin": PAGE}
    good = api.call("GET", "/downloads", token=issued.token, headers=page)
    assert (good.status_code, good.headers["access-control-allow-origin"]) == (400, PAGE)
    assert api.call("GET", "/downloads", signed=False, headers=page).status_code == 401
