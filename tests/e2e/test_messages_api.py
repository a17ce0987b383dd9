"""Messaging's HTTP API and its page on the local stack: who gets in, and a message's whole way."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fleet.environments import LOCAL_CREDENTIALS

from tests.e2e.conftest import Stack
from tests.kit import browser, fuzz
from tests.kit.http_api import Api, caller, signing_as
from tests.kit.messages_page import MessagesPage

pytestmark = pytest.mark.stack
OPEN = {"GET /", "GET /assets/{name}", "GET /api/health"}
DEFAULT = "$default"
CASES = 3  # of each operation and kind; tests/integration sends five times as many


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return Api(stack.place, "messages_api")


@pytest.fixture(scope="module")
def document(stack: Stack) -> dict[str, object]:
    """What the documentation's function says of this API."""
    devices = Api(stack.place)
    answer = devices.call("GET", "/openapi.json?api=lambda-fleet-local-messages", signed=False)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_the_page_and_health_are_open_and_nothing_else(api: Api) -> None:
    routes = api.routes()
    assert {route.key for route in routes if route.authorization == "NONE"} == OPEN
    for route in routes:
        status = api.call(route.method, route.path, "{}", signed=False).status_code
        assert (status == 403) is (route.key not in OPEN), route


def test_every_route_answers_a_signed_call_as_terraform_says(api: Api) -> None:
    (probes,) = api.probes().values()
    assert len(probes) == len(api.routes())
    for probe in probes:
        path = "/" + probe["url"].split("/", 3)[3]
        answer = api.call(probe["method"], path, probe["body"])
        assert answer.status_code == probe["expect_status"], (path, answer.text)


def test_a_caller_gets_what_a_policy_names_and_no_more(api: Api) -> None:
    closed = [route for route in api.routes() if route.key not in OPEN]
    with caller(api.place, [api.arn("GET", "/api/metrics")]) as reader:
        with signing_as(reader):
            answers = {r.key: api.call(r.method, r.path, "{}").status_code for r in closed}
        with signing_as((reader[0], "not-the-secret-of-that-key")):
            forged = api.call("GET", "/api/metrics").status_code
    assert answers.pop("GET /api/metrics") == 200
    assert set(answers.values()) == {403}
    assert forged == 403


def test_anything_else_is_404_in_the_api_s_own_form(api: Api) -> None:
    answer = api.call("GET", "/api/nothing")
    assert (answer.status_code, answer.json()["status"]) == (404, "404")
    assert answer.json()["error"]


def test_its_routes_are_documented(api: Api, document: dict[str, dict[str, object]]) -> None:
    told = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in dict(operations)  # type: ignore[call-overload]
        if path != f"/{DEFAULT}"
    }
    assert told == {route.key for route in api.routes()} - {DEFAULT}


def test_it_answers_as_it_is_documented(api: Api, document: dict[str, object]) -> None:
    region = api.place.environment.region
    signed = fuzz.Signed(*LOCAL_CREDENTIALS.values(), region, api.host)
    found = fuzz.fuzz(document, api.address, signed, CASES)
    assert {"GET /api/messages", "POST /api/messages"} <= found.statuses.keys()
    assert found.cases >= CASES * len(found.statuses)


@pytest.fixture
def ntfy(stack: Stack) -> Iterator[str]:
    """The stand-in, as it is before and after somebody breaks it."""
    assert stack.environment.instance is not None
    url = f"http://127.0.0.1:{stack.environment.instance.ntfy_port}/__control"
    yield url
    httpx.put(url, json={}).raise_for_status()


def test_a_message_goes_through_another_fails_and_is_sent_again(api: Api, ntfy: str) -> None:
    """By a person, in a browser: page, API Gateway, table, topic, queue, processor, ntfy."""
    found = browser.find()
    if not found:
        pytest.skip("no Chromium: shared/fleet/prepare/browser.sh installs one, CHROMIUM names one")
    with browser.page(found) as tab:
        page = MessagesPage(tab, f"http://{api.host}")
        page.open()
        page.sign_in()
        page.see("as of")
        send(page, "this one arrives")
        page.see("● completed", seconds=60)

        refused = {"containing": "poison", "behaviour": {"kind": "error", "status": 400}}
        httpx.put(ntfy, json={"rules": [refused]}).raise_for_status()
        send(page, "poison until it is mended")
        page.see("✕ failed", seconds=60)
        page.see("Why: ntfy answered 400")
        httpx.put(ntfy, json={}).raise_for_status()
        page.click("Send it again")
        page.see("● completed", seconds=60)
        assert tab.complaints == []


def send(page: MessagesPage, text: str) -> None:
    page.go("#/send", "Send a message")
    page.write("message", text)
    page.submit()
    page.see("Its way")
