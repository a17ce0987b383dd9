"""The invoke gateway by its contract: a gRPC client made from the contract's table alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from standins.lambda_api import OWNERS_ONLY

from tests.kit.database_server import Server, database_server
from tests.kit.gateway_contract import METHODS, TABLE, ContractClient
from tests.kit.invoke_gateway import Running, add_client, audited, gateway

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
def client(running: Running) -> Iterator[ContractClient]:
    with ContractClient(running.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def http(running: Running, token: str) -> Iterator[httpx.Client]:
    with running.http(token) as http:
        yield http


def test_an_invocation_is_answered(client: ContractClient, token: str) -> None:
    answer = client.call("InvokeFunction", function_name=ECHO, payload='{"a": 1}', token=token)
    assert (answer.success, answer.status_code) == (True, 200)
    assert json.loads(answer.payload) == {"a": 1}
    assert (answer.executed_version, answer.log_result) == ("$LATEST", LOG)
    assert (answer.function_error, answer.error) == ("", "")


def test_the_token_may_be_metadata(client: ContractClient, token: str) -> None:
    metadata = {"authorization": f"Bearer {token}"}
    assert client.call("InvokeFunction", function_name=ECHO, metadata=metadata).success


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("bad", "error"),
    [("", "Missing authentication token"), ("nonsense", "Invalid token: it is not a token")],
)
def test_who_is_not_known_is_told_in_band(
    client: ContractClient, method: str, bad: str, error: str
) -> None:
    answer = client.call(method, token=bad)
    if method == "BatchInvoke":
        (answer,) = answer.responses
    assert (answer.success, answer.error) == (False, error)


def test_an_alias_wins_over_a_version(client: ContractClient, token: str) -> None:
    asked = {"function_name": ECHO, "token": token}
    assert client.call("InvokeFunction", **asked, version="7").executed_version == "7"
    both = client.call("InvokeFunction", **asked, version="7", alias="live")
    assert both.executed_version == "live"


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
def test_202_and_204_are_successes(
    client: ContractClient, token: str, kind: str, status: int
) -> None:
    answer = client.call(
        "InvokeFunction", function_name=ECHO, payload="{}", invocation_type=kind, token=token
    )
    assert (answer.success, answer.status_code, answer.error) == (True, status, "")


def test_a_function_that_fails_is_told_with_its_payload(client: ContractClient, token: str) -> None:
    answer = client.call("InvokeFunction", function_name="waddlebot-raises", token=token)
    assert (answer.success, answer.status_code, answer.function_error) == (False, 200, "Unhandled")
    assert json.loads(answer.payload)["errorMessage"] == "boom"


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("waddlebot-missing", 404, "ResourceNotFoundException: Function not found"),
        ("waddlebot-status-403", 403, "AccessDeniedException: as it was asked"),
        ("waddlebot-status-500", 500, "ServiceException: as it was asked"),
        ("waddlebot-status-429", 429, "TooManyRequestsException: as it was asked"),
        ("payroll", 403, "this function may not be invoked here"),
        ("waddlebot-echo:live", 400, "function_name must be a plain name"),
    ],
)
def test_what_lambda_or_the_gateway_refuses_is_told_in_band(
    client: ContractClient, token: str, name: str, status: int, error: str
) -> None:
    answer = client.call("InvokeFunction", function_name=name, token=token)
    assert (answer.success, answer.status_code) == (False, status)
    assert answer.error.startswith(error)


def test_an_asynchronous_one_has_an_id(client: ContractClient, token: str) -> None:
    answer = client.call("InvokeAsync", function_name=ECHO, payload="{}", token=token)
    assert (answer.success, answer.status_code, answer.error) == (True, 202, "")
    assert answer.request_id


def test_a_batch_keeps_its_order_and_one_fails_alone(client: ContractClient, token: str) -> None:
    wanted = [{"function_name": ECHO, "payload": str(n)} for n in range(20)]
    wanted[7] = {"function_name": "payroll"}
    wanted[11] = {"function_name": "waddlebot-raises"}
    answer = client.call("BatchInvoke", invocations=wanted, token=token)
    assert [one.success for one in answer.responses] == [n not in {7, 11} for n in range(20)]
    good = [n for n in range(20) if n not in {7, 11}]
    assert [answer.responses[n].payload for n in good] == [str(n) for n in good]


def test_functions_are_listed_page_by_page_and_others_are_not(
    client: ContractClient, token: str
) -> None:
    found: list[str] = []
    marker = ""
    for _ in range(100):
        page = client.call("ListFunctions", max_items=7, next_marker=marker, token=token)
        assert page.success
        assert len(page.functions) <= 7
        found += [one.function_name for one in page.functions]
        marker = page.next_marker
        if not marker:
            break
    assert found == [f"waddlebot-{n:03}" for n in range(120) if n % 2]


def test_a_configuration_is_told(client: ContractClient, token: str) -> None:
    answer = client.call("GetFunctionConfig", function_name=ECHO, token=token)
    info = answer.function_info
    assert answer.success
    assert (info.function_name, info.timeout, info.memory_size, info.code_size) == (
        ECHO,
        30,
        256,
        123,
    )
    assert info.function_arn.endswith(f":function:{ECHO}")
    refused = client.call("GetFunctionConfig", function_name="payroll", token=token)
    assert not refused.success
    assert not refused.HasField("function_info")


def test_nobody_is_told_what_is_in_a_functions_environment(
    client: ContractClient, http: httpx.Client, token: str
) -> None:
    answers = [
        client.call("GetFunctionConfig", function_name=ECHO, token=token),
        client.call("ListFunctions", max_items=10, token=token),
    ]
    config = http.get(f"/api/v1/functions/{ECHO}").json()["config"]
    listed = http.get("/api/v1/functions", params={"max_items": 10}).json()["functions"]
    assert OWNERS_ONLY not in f"{answers} {config} {listed}"
    assert listed
    for told in (config, *listed):
        assert told["Role"] == "arn:aws:iam::000000000000:role/role"
        assert (told["State"], told["Architectures"]) == ("Active", ["arm64"])
        assert not set(told) & {"Environment", "VpcConfig"}


def test_the_service_is_reflected_as_the_contract_has_it(client: ContractClient) -> None:
    database = ProtoReflectionDescriptorDatabase(client.channel)
    assert "lambda_action.LambdaAction" in database.get_services()
    file = database.FindFileContainingSymbol("lambda_action.LambdaAction")
    assert [method.name for method in file.service[0].method] == list(METHODS)
    lines = [
        f"{message.name}: " + ", ".join(f"{f.number} {f.name} {kind(f)}" for f in message.field)
        for message in file.message_type
    ]
    assert sorted(lines) == sorted(TABLE.strip().splitlines())


def kind(field: Any) -> str:
    star = "*" if field.label == field.LABEL_REPEATED else ""
    short = {field.TYPE_STRING: "s", field.TYPE_INT32: "i", field.TYPE_BOOL: "b"}
    return star + short.get(field.type, field.type_name.rpartition(".")[2])


def test_the_standard_health_service_says_that_it_serves(client: ContractClient) -> None:
    stub = health_pb2_grpc.HealthStub(client.channel)
    for service in ("", "lambda_action.LambdaAction"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_each_invocation_is_a_row_of_the_audit(
    server: Server, client: ContractClient, http: httpx.Client, token: str
) -> None:
    before = len(audited(server))
    client.call("InvokeFunction", function_name=ECHO, payload='"one"', alias="live", token=token)
    http.post("/api/v1/invoke", json={"function_name": "waddlebot-raises", "payload": '"two"'})
    first, second = audited(server)[before:]
    assert (first["client_id"], first["function_name"], first["alias"]) == ("ada", ECHO, "live")
    assert (first["payload"], first["response_payload"], first["success"]) == (
        '"one"',
        '"one"',
        True,
    )
    assert (second["function_error"], second["success"]) == ("Unhandled", False)
    assert second["invoked_at"] <= second["completed_at"]


def test_a_client_that_was_revoked_is_out_within_seconds(server: Server, running: Running) -> None:
    add_client(server, "gone")
    token = running.token("gone")
    with running.http(token) as http, server.admin() as connection:
        assert http.post("/api/v1/invoke", json={"function_name": ECHO}).status_code == 200
        connection.execute("UPDATE gateway_clients SET revoked_at = now() WHERE client_id = 'gone'")
        deadline = time.monotonic() + 8
        while http.post("/api/v1/invoke", json={"function_name": ECHO}).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        refused = http.post("/api/v1/invoke", json={"function_name": ECHO})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


def test_only_a_status_of_grpc_says_that_there_is_too_much(client: ContractClient) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        client.call("InvokeFunction", function_name=ECHO, payload="x" * 14_000_000, token="x")
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
