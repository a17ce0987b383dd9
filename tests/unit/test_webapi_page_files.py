"""The page's files as they are sent, and what the function says of its own API."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import message_webapi
import pytest
from fleet.project import Project
from function_kit.openapi import described

from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT

ASSETS = Path(message_webapi.__file__).parent / "assets"
FILES = sorted(path.name for path in ASSETS.iterdir() if path.name != "index.html")
EVENTS = sorted(path.stem for path in (ROOT / "images/message-webapi/events").glob("*.json"))


@pytest.fixture(scope="module")
def handler() -> Iterator[Any]:
    manifest = tomllib.loads((ROOT / "images/message-webapi/pyproject.toml").read_text())
    sample: dict[str, str] = manifest["tool"]["lambda-image"]["environment"]
    told = {"ENVIRONMENT": "dev", "API_AUTHORIZATION": "JWT", "AWS_REGION": "eu-central-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (sample | told).items():
            patch.setenv(name, value)
        yield importlib.reload(importlib.import_module("message_webapi.handler")).handler


def get(handler: Any, path: str, **headers: str) -> dict[str, Any]:
    event = {
        "rawPath": path,
        "headers": headers,
        "requestContext": {"http": {"method": "GET", "path": path}},
    }
    answer: dict[str, Any] = handler(event, LambdaContext())
    return answer


def test_the_page_says_how_to_sign_in(handler: Any) -> None:
    answer = get(handler, "/")
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    for name, value in {
        "authorization": "JWT", "stage": "dev", "region": "eu-central-1", "environment": "dev",
    }.items():  # fmt: skip
        assert f'<meta name="{name}" content="{value}">' in answer["body"]
    assert "{" not in answer["body"]


@pytest.mark.parametrize("path", ["/", *(f"/assets/{name}" for name in FILES)])
def test_nothing_but_the_page_s_own_files_may_run(handler: Any, path: str) -> None:
    headers = get(handler, path)["headers"]
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_sent_packed_and_only_when_it_changed(handler: Any, name: str) -> None:
    plain = get(handler, f"/assets/{name}")
    packed = get(handler, f"/assets/{name}", **{"accept-encoding": "br, gzip"})
    assert packed["headers"]["content-encoding"] == "gzip"
    assert packed["isBase64Encoded"] is True
    content = gzip.decompress(base64.b64decode(packed["body"])).decode()
    assert content == plain["body"] == (ASSETS / name).read_text(encoding="utf-8")
    assert "accept-encoding" in packed["headers"]["vary"]
    etag = plain["headers"]["etag"]
    again = get(handler, f"/assets/{name}", **{"if-none-match": etag})
    assert (again["statusCode"], again["body"]) == (304, "")


def test_the_page_needs_no_other_host_and_no_build() -> None:
    for path in ASSETS.iterdir():
        text = path.read_text(encoding="utf-8")
        links = set(re.findall(r"https?://[^\s\"')]+", text))
        # A name of XML's, and a comment.
        assert {link for link in links if "w3.org/2000/svg" not in link} <= {
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"
        }
        for found in re.findall(r'(?:from|src=|href=)\s*"((?:\./|assets/)[^"]+)"', text):
            assert (ASSETS / found.rpartition("/")[2]).exists(), found
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)
        assert not re.search(r"localStorage|sessionStorage|document\.cookie|indexedDB", text)


def test_every_route_is_described() -> None:
    found = described("message_webapi.api")
    routes = importlib.import_module("message_webapi.routes").ROUTER._routes
    assert set(found["operations"]) == set(routes)
    ids = [operation["operationId"] for operation in found["operations"].values()]
    assert len(ids) == len(set(ids))


def test_every_route_has_a_sample_event(handler: Any) -> None:
    router = importlib.import_module("message_webapi.routes").ROUTER
    reached = set()
    for name in EVENTS:
        event = Project(ROOT).event("message-webapi", name).event
        if "requestContext" in event:
            methods, _ = _matched(router, event["rawPath"])
            reached |= {id(methods.get(event["requestContext"]["http"]["method"]))}
    assert {id(serve) for serve in router._routes.values()} <= reached


def _matched(router: Any, path: str) -> Any:
    try:
        return router._match(path)
    except Exception:  # noqa: BLE001 - the event for what is not there
        return {}, {}


def test_describe_answers_with_the_documentation(handler: Any) -> None:
    answer = handler({"describe": "openapi"}, LambdaContext())
    assert answer["statusCode"] == 200
    assert "GET /api/messages" in json.loads(json.dumps(answer))["openapi"]["operations"]
