from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from function_kit import signed_api
from function_kit.aws_errors import AwsError, error_code
from function_kit.signed_api import SignedApi

from tests.kit.scripted import Reply, Scripted, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving() as scripted:
        yield scripted


@contextlib.contextmanager
def calling(url: str, service: str = "dynamodb", **options: Any) -> Iterator[SignedApi]:
    api = SignedApi(service, base=url, **({"sleep": lambda _: None} | options))
    try:
        yield api
    finally:
        api.close()


def refused(code: str, status: int = 400) -> Reply:
    return Reply.json({"__type": f"com.amazonaws.dynamodb#{code}", "message": "of the row"}, status)


def test_an_operation_is_named_and_its_parameters_sent(server: Scripted) -> None:
    server.script(Reply.json({"Item": {"pk": {"S": "x"}}}))
    with calling(server.url) as api:
        answer = api.call_json("GetItem", {"TableName": "t", "Key": {"pk": {"S": "x"}}})
    assert answer == {"Item": {"pk": {"S": "x"}}}
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/")
    assert request.json() == {"TableName": "t", "Key": {"pk": {"S": "x"}}}
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert request.headers["content-type"] == "application/x-amz-json-1.0"
    authorization = request.headers["authorization"]
    assert "/eu-west-1/dynamodb/aws4_request" in authorization
    assert "test-secret" not in authorization


def test_an_empty_answer_is_an_empty_object(server: Scripted) -> None:
    with calling(server.url) as api:
        assert api.call_json("PutItem", {}) == {}


@pytest.mark.parametrize(
    ("reply", "code", "status"),
    [
        (refused("ConditionalCheckFailedException"), "ConditionalCheckFailedException", 400),
        (Reply.json({"code": "BadThing"}, 400), "BadThing", 400),
        (Reply(400, b"{}", {"x-amzn-errortype": "Gone:http://x/"}), "Gone", 400),
        (Reply(403, b"<Error><Code>AccessDenied</Code></Error>"), "AccessDenied", 403),
        (Reply(404, b"not found"), "404", 404),
        (Reply(400, b"{broken"), "400", 400),
        (Reply(400, b"{}"), "400", 400),
    ],
)
def test_a_refusal_has_its_code_and_nothing_of_the_answer(
    server: Scripted, reply: Reply, code: str, status: int
) -> None:
    server.script(reply)
    with calling(server.url) as api, pytest.raises(AwsError) as raised:
        api.call_json("GetItem", {})
    assert (raised.value.code, raised.value.status) == (code, status)
    assert str(raised.value) == f"GetItem failed: {code}"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(503, b"<Code>SlowDown</Code>"),
        Reply(429),
        refused("ThrottlingException"),
        refused("ProvisionedThroughputExceededException"),
        Reply(drop=True),
    ],
)
def test_what_passes_is_tried_three_times(server: Scripted, reply: Reply) -> None:
    server.script(reply, reply, Reply.json({"ok": 1}))
    pauses: list[float] = []
    with calling(server.url, sleep=pauses.append) as api:
        assert api.call_json("GetItem", {}) == {"ok": 1}
    assert len(server.requests) == 3
    assert 0 <= pauses[0] <= 0.2
    assert 0 <= pauses[1] <= 0.4
    assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize(
    ("reply", "code", "status"),
    [
        (Reply(503), "503", 503),
        (Reply(500, b"<Code>InternalError</Code>"), "InternalError", 500),
        (refused("ThrottlingException"), "ThrottlingException", 400),
        (Reply(drop=True), "RemoteDisconnected", 0),
    ],
)
def test_what_does_not_pass_is_said(server: Scripted, reply: Reply, code: str, status: int) -> None:
    server.script(reply)
    with calling(server.url) as api, pytest.raises(AwsError) as raised:
        api.call("POST", "/")
    assert (raised.value.code, raised.value.status) == (code, status)
    assert len(server.requests) == 3


def test_a_service_that_is_not_there_is_said() -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with calling(url) as api, pytest.raises(AwsError) as raised:
            api.call("GET", "/")
    assert (raised.value.code, raised.value.status) == ("ConnectionRefusedError", 0)


def test_a_service_that_is_silent_is_given_up() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with calling(url, timeout=0.05) as api, pytest.raises(AwsError, match="TimeoutError"):
            api.call("GET", "/")


def test_a_call_may_have_more_or_less_time_than_the_others(server: Scripted) -> None:
    silence = threading.Event()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with calling(url, timeout=60, attempts=1) as api, pytest.raises(AwsError, match="Timeout"):
            api.call("GET", "/", timeout=0.05)
    with calling(server.url, timeout=0.05) as api:
        api.call("GET", "/warm")
        server.script(Reply(200, b"late", wait=silence))
        threading.Timer(0.2, silence.set).start()
        assert api.call("GET", "/", timeout=30).body == b"late"
    assert len(server.connections) == 1


@pytest.mark.parametrize("reply", [Reply(503), Reply(drop=True)])
def test_what_may_not_happen_twice_is_sent_once(server: Scripted, reply: Reply) -> None:
    server.script(reply)
    with calling(server.url, attempts=1) as api, pytest.raises(AwsError):
        api.call("POST", "/")
    assert len(server.requests) == 1


def test_a_query_is_sent_and_signed(server: Scripted) -> None:
    with calling(server.url, "apigateway") as api:
        api.call("GET", "/v2/apis/a/routes?maxResults=100&nextToken=a%2Fb%3D")
    assert server.requests[0].path == "/v2/apis/a/routes?maxResults=100&nextToken=a%2Fb%3D"


def test_a_connection_is_kept_for_the_next_call(server: Scripted) -> None:
    with calling(server.url, "s3") as api:
        for _ in range(5):
            assert api.call("HEAD", "/bucket/key").status == 200
    assert len(server.connections) == 1
    assert len(server.requests) == 5


def test_a_connection_that_died_meanwhile_is_replaced(server: Scripted) -> None:
    server.script(Reply(200), Reply(drop=True), Reply(200, b"again"))
    with calling(server.url, "s3") as api:
        api.call("GET", "/a")
        assert api.call("GET", "/b").body == b"again"
    assert len(server.connections) == 2


def test_a_connection_that_the_server_closes_is_not_kept(server: Scripted) -> None:
    server.script(Reply(200, headers={"connection": "close"}))
    with calling(server.url, "s3") as api:
        api.call("GET", "/a")
        api.call("GET", "/b")
    assert len(server.connections) == 2


def test_threads_share_it(server: Scripted) -> None:
    server.script(Reply.json({"ok": 1}))
    seen: list[Any] = []
    with calling(server.url) as api:
        threads = [
            threading.Thread(target=lambda: seen.extend(api.call_json("X", {}) for _ in range(10)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [{"ok": 1}] * 40
    assert len(server.connections) <= 4


def test_a_role_sends_its_token(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-token")
    with calling(server.url) as api:
        api.call("GET", "/")
    (request,) = server.requests
    assert request.headers["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in request.headers["authorization"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "https://s3.eu-west-1.amazonaws.com"),
        ({"AWS_REGION": "us-west-2"}, "https://s3.us-west-2.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://s3.cn-north-1.amazonaws.com.cn"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566/"}, "http://localhost:4566"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b"}, "http://b"),
    ],
)
def test_the_endpoint_is_awss_own_or_a_named_one(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert signed_api.endpoint("s3", signed_api.region()) == expected


def test_a_prefix_stands_before_awss_own_host() -> None:
    assert signed_api.endpoint("s3", "eu-west-1", "bucket.") == (
        "https://bucket.s3.eu-west-1.amazonaws.com"
    )


def test_without_a_named_endpoint_calls_go_to_aws_with_tls() -> None:
    api = SignedApi("dynamodb")
    assert api.host == "dynamodb.eu-west-1.amazonaws.com"
    connection = api._connection(1.0)
    assert type(connection).__name__ == "HTTPSConnection"
    connection.close()


def test_every_kind_of_error_has_a_code() -> None:
    class ClientError(Exception):
        response: Any = json.loads('{"Error": {"Code": "NoSuchKey"}}')

    assert error_code(AwsError("Throttled", "x")) == "Throttled"
    assert error_code(ClientError()) == "NoSuchKey"
    assert error_code(ConnectionError("x")) == "ConnectionError"


def test_a_large_body_comes_in_pieces_and_the_connection_is_used_again(server: Scripted) -> None:
    content = bytes(range(256)) * 5000
    server.script(Reply(206, content, {"ETag": "x"}), Reply(200, b""))
    with calling(server.url, "s3") as api:
        for expected in (content, b""):
            with api.download("/bucket/key", {"range": "bytes=5-"}) as got:
                pieces = list(got.pieces)
            assert b"".join(pieces) == expected
            assert max(map(len, pieces), default=0) <= 256 * 1024
        assert got.status == 200
    assert len(server.connections) == 1
    request = server.requests[0]
    assert request.headers["range"] == "bytes=5-"
    assert "range" in request.headers["authorization"]


def test_a_download_that_is_left_in_the_middle_leaves_nothing_behind(server: Scripted) -> None:
    server.script(Reply(200, b"x" * 2_000_000))
    with calling(server.url, "s3") as api:
        with api.download("/bucket/key") as got:
            next(got.pieces)
        with api.download("/bucket/key") as got:
            assert sum(map(len, got.pieces)) == 2_000_000
    assert len(server.connections) == 2


def test_a_download_that_breaks_off_is_not_taken_for_whole(server: Scripted) -> None:
    server.script(Reply(200, b"x" * 500_000, cut_short=True))
    with (
        calling(server.url, "s3") as api,
        pytest.raises(AwsError, match="downloading from s3 broke off"),
        api.download("/bucket/key") as got,
    ):
        list(got.pieces)


def test_a_download_begins_again_when_the_service_is_busy(server: Scripted) -> None:
    server.script(Reply(503), Reply(drop=True), Reply(200, b"at last"))
    with calling(server.url, "s3") as api, api.download("/bucket/key") as got:
        assert b"".join(got.pieces) == b"at last"


def test_a_download_that_is_refused_says_why(server: Scripted) -> None:
    server.script(Reply(404, b"<Error><Code>NoSuchKey</Code></Error>"))
    with (
        calling(server.url, "s3") as api,
        pytest.raises(AwsError) as raised,
        api.download("/bucket/key"),
    ):
        pass
    assert (raised.value.code, raised.value.status) == ("NoSuchKey", 404)
