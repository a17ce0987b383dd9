"""The documentation and the test runner on the local stack: as deployed, and in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from fleet.release.told import ALIAS

from tests.e2e.conftest import Stack
from tests.kit import browser
from tests.kit.browser import Page
from tests.kit.http_api import Api
from tests.kit.process import until
from tests.kit.program import fleet

pytestmark = pytest.mark.stack
SUMMARIES = "[...document.querySelectorAll('.opblock-summary-path')].map(e => e.innerText)"
OPERATION = "document.querySelector('#operations-Documentation-getOpenApi {}')"


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack.place)


@pytest.fixture
def page() -> Iterator[Page]:
    found = browser.find()
    if not found:
        pytest.skip("no Chromium: shared/fleet/prepare/browser.sh installs one, CHROMIUM names one")
    with browser.page(found) as tab:
        yield tab


def invoke(stack: Stack, function: str, event: Any) -> Any:
    answer = stack.place.control(function).invoke(ALIAS, event)
    assert answer.function_error is None, answer.payload
    return answer.payload


def objects(stack: Stack, bucket: str, key: str) -> bytes:
    name = stack.place.terraform.outputs()["buckets"][bucket]
    content: bytes = stack.client("s3").get_object(Bucket=name, Key=key)["Body"].read()
    return content


def test_the_page_shows_the_deployed_api_and_a_call_can_be_tried(api: Api, page: Page) -> None:
    page.show(f"http://{api.host}/docs#/Documentation/getOpenApi")
    page.until(f"{SUMMARIES}.length")
    deployed = {r.key.partition(" ")[2].replace("+", "") for r in api.routes()}
    assert set(page.run(SUMMARIES)) == deployed
    for button in (".try-out__btn", ".execute"):
        page.until(f"(found => found && (found.click(), true))({OPERATION.format(button)})")
    status = f"{OPERATION.format('.live-responses-table tbody .response-col_status')}?.innerText"
    assert page.until(status).startswith("200")
    assert page.complaints == []
    asked = {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")}
    assert asked == {api.host}


def test_the_page_is_kept_by_the_browser(api: Api) -> None:
    for path in ("/docs", "/openapi.json"):
        first = api.call("GET", path, signed=False)
        assert first.status_code == 200
        known = {"if-none-match": first.headers["etag"]}
        again = api.call("GET", path, signed=False, headers=known)
        assert (again.status_code, again.content) == (304, b"")


def test_documents_and_pages_go_to_the_bucket(stack: Stack, api: Api) -> None:
    answer = invoke(stack, "api-docs-generator", {"format": "openapi"})
    served = answer["openapi"]

    def shown() -> bool:
        """What callers see may be a minute old: other tests have changed the API's settings."""
        document: bool = api.call("GET", "/openapi.json", signed=False).json() == served
        return document

    until(shown, seconds=90)
    first = answer["documents"][0]
    assert json.loads(objects(stack, "docs", first["key"])) == served
    page = invoke(stack, "api-docs-generator", {"format": "html"})["documents"][0]
    assert b"swagger-ui" in objects(stack, "docs", page["key"])


def test_every_function_passes_its_smoke_event_from_inside(stack: Stack) -> None:
    answer = invoke(stack, "lambda-test-runner", {})
    assert [result for result in answer["results"] if not result["passed"]] == []
    tested = {result["function"] for result in answer["results"]}
    assert tested == set(stack.place.project.functions) - {"lambda-test-runner"}
    assert answer["passed"] == answer["total_functions"] == len(tested)
    kept = json.loads(objects(stack, "test_reports", answer["reports"]["json"]))
    assert kept["results"] == answer["results"]


def test_validate_has_the_events_sent_from_inside(stack: Stack) -> None:
    ended = fleet("validate", "--inside", "--json", "--function", "sync-clock,api-docs-generator")
    assert ended.code == 0, ended.err
    for function in ended.json["functions"]:
        events = [check for check in function["checks"] if check["name"].startswith("events.")]
        assert len(events) > 1
        assert {check["result"] for check in events} == {"passed"}
        assert all("from inside the VPC" in check["detail"] for check in events)
    report = ended.json["inside"]["reports"]["html"]
    assert b"sync-clock" in objects(stack, "test_reports", report)
