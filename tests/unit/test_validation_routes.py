"""`fleet validate` on routes with an authorization: signed requests answer, strangers do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fleet import environments, http_api
from fleet.environments import Environment
from fleet.release.told import Answer
from fleet.release.validation import times
from fleet.release.validation.checks import Check
from function_kit.sigv4 import Credentials, Signer

from tests.kit.validation import House

LOCAL = Environment("local", "p", "us-east-1", "arm64", "http://localhost:4566", releases=True)


class Gateway:
    """An API that wants a signature, or a token; `opened` is one that forgot to."""

    def __init__(self, refusal: int) -> None:
        self.refusal = refusal
        self.opened = False
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                gateway.asked.append((self.command, self.path, headers, body))
                known = gateway.opened or "authorization" in headers
                self.send_response(400 if known else gateway.refusal)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(params=[403])
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    gateway = Gateway(request.param)
    yield gateway
    gateway.server.shutdown()
    gateway.server.server_close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(times, "drop_containers", lambda _image, _network: None)
    return House(tmp_path, local=True, answers={"smoke": Answer({}, None, 1)})


def routes(house: House, **options: bool) -> dict[str, Check]:
    return {n: c for n, c in house.checks(**options).items() if n.startswith("routes.")}


def results(house: House, **options: bool) -> dict[str, str]:
    return {name: check.result for name, check in routes(house, **options).items()}


def route(gateway: Gateway, **changes: Any) -> dict[str, Any]:
    return {
        "method": "POST", "path": "/load", "url": f"{gateway.url}/load", "body": "{}",
        "expect_status": 400, "authorization": "AWS_IAM",
    } | changes  # fmt: skip


def test_one_request_is_signed_and_one_is_refused(house: House, gateway: Gateway) -> None:
    house.routes = [route(gateway)]
    assert results(house) == {
        "routes.POST /load": "passed",
        "routes.POST /load unsigned": "passed",
    }
    (_, _, signed, body), (_, _, stranger, nothing) = gateway.asked
    assert "/us-east-1/execute-api/aws4_request" in signed["authorization"]
    assert (body, signed["content-type"]) == (b"{}", "application/json")
    assert "authorization" not in stranger
    # Should the route be open, a request without a body does little.
    assert nothing == b""


def test_an_open_route_is_found(house: House, gateway: Gateway) -> None:
    gateway.opened, house.routes = True, [route(gateway)]
    check = routes(house)["routes.POST /load unsigned"]
    assert (check.result, check.detail) == ("failed", "it answered 400, not 403")


def test_a_public_route_is_asked_once_and_without_a_signature(
    house: House, gateway: Gateway
) -> None:
    gateway.opened, house.routes = True, [route(gateway, method="GET", authorization="NONE")]
    assert results(house) == {"routes.GET /load": "passed"}
    assert "authorization" not in gateway.asked[0][2]


@pytest.mark.parametrize("gateway", [401], indirect=True)
def test_an_api_that_takes_tokens(
    house: House, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.routes = [route(gateway, authorization="JWT")]
    monkeypatch.delenv("FLEET_API_TOKEN", raising=False)
    without = routes(house)
    assert {n: c.result for n, c in without.items()} == {
        "routes.POST /load": "skipped",
        "routes.POST /load unsigned": "passed",
    }
    assert "FLEET_API_TOKEN" in without["routes.POST /load"].todo
    monkeypatch.setenv("FLEET_API_TOKEN", "a-token-of-the-test")
    assert set(results(house).values()) == {"passed"}
    assert gateway.asked[-2][2]["authorization"] == "Bearer a-token-of-the-test"
    assert "a-token-of-the-test" not in str(house.validate().to_dict())


def test_without_credentials_it_says_so(
    house: House, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the cloud the shell's own credentials sign; where it has none, that is what is said."""

    class Nobody:
        def get_credentials(self) -> None:
            return None

    monkeypatch.setattr(environments, "_session", Nobody)
    house.local, house.routes = False, [route(gateway, url="https://api.invalid/x", method="GET")]
    check = house.checks()["routes"]
    assert (check.result, check.detail) == ("failed", "no AWS credentials were found")


def test_the_signature_is_the_one_that_aws_computes() -> None:
    """Held against the kit's own signer, which knows nothing of botocore's."""
    url = "http://abc.execute-api.localhost:4566/software-updates/d%20%C3%A9-1"
    asked = http_api.request(LOCAL, "POST", url, '{"a": 1}')
    date = datetime.strptime(asked.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    signer = Signer("execute-api", "us-east-1", Credentials("test", "test"), now=lambda: date)
    headers = {"content-type": "application/json", "host": "abc.execute-api.localhost:4566"}
    path = "/software-updates/d%20%C3%A9-1"
    expected = signer.headers("POST", path, headers, b'{"a": 1}')["authorization"]
    assert asked.headers["Authorization"] == expected
    assert expected not in repr(asked)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://abc.execute-api.localhost:4566/x?y=1", "http://localhost:4566/x?y=1"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
    ],
)
def test_the_local_aws_is_reached_by_an_address_that_every_machine_knows(
    url: str, sent: str
) -> None:
    asked = http_api.request(LOCAL, "GET", url, signed=False)
    assert asked.url == sent
    assert asked.headers == {"host": url.split("/")[2]}


def test_in_the_cloud_the_address_stays_as_it_is() -> None:
    cloud = Environment("dev", "p", "us-east-1", "arm64", None, releases=True)
    url = "https://abc.execute-api.us-east-1.amazonaws.com/x"
    assert http_api.request(cloud, "GET", url, signed=False).url == url
