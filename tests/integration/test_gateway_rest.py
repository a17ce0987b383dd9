"""The invoke gateway by its contract, REST route by route."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.kit.database_server import Server, database_server
from tests.kit.invoke_gateway import SECRET, Running, add_client, gateway

ECHO = "waddlebot-echo"
LOG = "START RequestId: 1\nhello\nEND RequestId: 1\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        add_client(server)
        yield server


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[Running]:
    with gateway(server) as running:
        yield running


@pytest.fixture(scope="module")
def token(running: Running) -> str:
    return running.token()


@pytest.fixture(scope="module")
def http(running: Running, token: str) -> Iterator[httpx.Client]:
    with running.http(token) as http:
        yield http


def test_health_is_open_and_says_how_it_is(running: Running) -> None:
    answer = httpx.get(f"{running.rest}/health")
    assert answer.status_code == 200
    assert {"status", "module", "version", "timestamp", "config"} == set(answer.json())
    assert SECRET not in answer.text
    for path in ("/live", "/ready"):
        assert httpx.get(f"{running.rest}{path}").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"client_id": "ada", "client_secret": SECRET}, 200),
        ({"client_id": "ada", "client_secret": "wrong"}, 401),
        ({"client_id": "eve", "client_secret": SECRET}, 401),
        ({"client_id": "ada"}, 400),
        ({"client_secret": SECRET}, 400),
        ({"client_id": "", "client_secret": ""}, 400),
        ({"client_id": 7, "client_secret": SECRET}, 400),
        ([], 400),
    ],
)
def test_tokens_are_for_good_credentials(running: Running, body: Any, status: int) -> None:
    answer = httpx.post(f"{running.rest}/api/v1/token", json=body, timeout=10)
    assert answer.status_code == status
    assert SECRET not in answer.text
    if status == 200:
        assert set(answer.json()) == {"token", "expires_in"}
        assert answer.json()["expires_in"] == 3600
        claims = answer.json()["token"].split(".")[1]
        assert json.loads(base64.urlsafe_b64decode(claims + "=="))["client_id"] == "ada"


def test_rest_invokes(http: httpx.Client) -> None:
    answer = http.post("/api/v1/invoke", json={"function_name": ECHO, "payload": '{"a": 1}'})
    assert answer.status_code == 200
    found = answer.json()
    assert found["success"] is True
    assert json.loads(found["payload"]) == {"a": 1}
    assert (found["status_code"], found["executed_version"]) == (200, "$LATEST")
    assert found["log_result"] == LOG


def test_rest_invokes_without_waiting(http: httpx.Client) -> None:
    answer = http.post("/api/v1/invoke-async", json={"function_name": ECHO, "payload": "{}"})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["success"], found["status_code"]) == (True, 202)
    assert found["request_id"]


def test_rest_batches(http: httpx.Client) -> None:
    wanted = [{"function_name": ECHO, "payload": str(n)} for n in range(5)]
    wanted[2]["function_name"] = "payroll"
    found = http.post("/api/v1/batch", json={"invocations": wanted}).json()["results"]
    assert [one["success"] for one in found] == [True, True, False, True, True]
    assert [one["payload"] for one in found] == ["0", "1", "", "3", "4"]


def test_rest_lists_and_describes(http: httpx.Client) -> None:
    page = http.get("/api/v1/functions", params={"max_items": 4}).json()
    assert page["success"] is True
    names = [one["FunctionName"] for one in page["functions"]]
    assert names == ["waddlebot-001", "waddlebot-003", "waddlebot-005", "waddlebot-007"]
    assert page["next_marker"]
    found = http.get(f"/api/v1/functions/{ECHO}").json()
    assert (found["success"], found["config"]["FunctionName"]) == (True, ECHO)
    assert http.get("/api/v1/functions/waddlebot-missing").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/invoke"),
        ("POST", "/api/v1/invoke-async"),
        ("POST", "/api/v1/batch"),
        ("GET", "/api/v1/functions"),
        ("GET", f"/api/v1/functions/{ECHO}"),
    ],
)
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic YWRhOmFkYQ=="])
def test_rest_lets_nobody_in_without_a_token(
    running: Running, method: str, path: str, header: str
) -> None:
    headers = {"authorization": header} if header else {}
    answer = httpx.request(method, f"{running.rest}{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["success"] is False
