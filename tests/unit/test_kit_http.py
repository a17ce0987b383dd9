from __future__ import annotations

import contextlib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import certifi
import httpx
import pytest
from function_kit import http, tls
from function_kit.deadline import Deadline
from function_kit.http import RetryPolicy

from tests.kit.scripted import Reply, Scripted, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving() as scripted:
        yield scripted


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with http.client(timeout=2.0) as made:
        yield made


@pytest.fixture
def longest_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda _low, high: high)


def get(
    server: Scripted, client: httpx.Client, time: Time, seconds: float = 60.0, **policy: object
) -> httpx.Response:
    return http.retry(
        lambda: client.get(server.url),
        policy=RetryPolicy(**policy),  # type: ignore[arg-type]
        deadline=Deadline.after(seconds, time),
        sleep=time.sleep,
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_temporary_answers_are_tried_again(
    server: Scripted, client: httpx.Client, time: Time, status: int
) -> None:
    server.script(Reply(status), Reply(status), Reply(200, b"well"))
    assert get(server, client, time).content == b"well"
    assert len(server.requests) == 3
    assert len(time.pauses) == 2


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 409])
def test_final_answers_are_not(
    server: Scripted, client: httpx.Client, time: Time, status: int
) -> None:
    server.script(Reply(status))
    assert get(server, client, time).status_code == status
    assert len(server.requests) == 1
    assert time.pauses == []


def test_the_last_answer_is_given_when_tries_are_used_up(
    server: Scripted, client: httpx.Client, time: Time
) -> None:
    server.script(Reply(503, b"first"), Reply(503, b"second"))
    assert get(server, client, time, attempts=2).content == b"second"


@pytest.mark.usefixtures("longest_jitter")
def test_pauses_grow_up_to_a_cap(server: Scripted, client: httpx.Client, time: Time) -> None:
    server.script(Reply(500))
    get(server, client, time, attempts=6, base=0.5, cap=5.0)
    assert time.pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_pauses_are_drawn_from_the_whole_range(
    server: Scripted, client: httpx.Client, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        ranges.append((low, high))
        return low

    monkeypatch.setattr("random.uniform", draw)
    server.script(Reply(500))
    get(server, client, time, attempts=3, base=1.0, cap=3.0)
    assert ranges[:2] == [(0, 2.0), (0, 3.0)]


@pytest.mark.parametrize("name", ["retry-after", "Retry-After"])
def test_a_server_may_ask_for_more_patience(
    server: Scripted, client: httpx.Client, time: Time, name: str
) -> None:
    server.script(Reply(429, headers={name: "7"}), Reply(200))
    assert get(server, client, time).status_code == 200
    assert time.pauses == [7.0]


def test_a_server_may_name_a_moment(server: Scripted, client: httpx.Client, time: Time) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.script(Reply(503, headers={"retry-after": moment}), Reply(200))
    get(server, client, time)
    assert 28 <= time.pauses[0] <= 30


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
        ("Wed, 99999999999 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +9999999999999999999999", None),
    ],
)
def test_what_retry_after_may_hold(value: str, seconds: float | None) -> None:
    response = httpx.Response(503, headers=[(b"retry-after", value.encode())])
    assert http.retry_after(response) == seconds


def test_no_pause_ends_after_the_deadline(
    server: Scripted, client: httpx.Client, time: Time
) -> None:
    server.script(Reply(429, headers={"retry-after": "10"}))
    assert get(server, client, time, seconds=10.0).status_code == 429
    assert time.pauses == []
    assert len(server.requests) == 1


@pytest.mark.usefixtures("longest_jitter")
def test_tries_stop_when_time_does(server: Scripted, client: httpx.Client, time: Time) -> None:
    server.script(Reply(500))
    get(server, client, time, seconds=4.0, attempts=10, base=0.5)
    assert time.pauses == [1.0, 2.0]
    assert len(server.requests) == 3


def test_a_server_that_is_not_there_is_tried_again_and_then_said(
    client: httpx.Client, time: Time
) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Scripted(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(httpx.ConnectError):
            get(nobody, client, time, attempts=3)
    assert len(time.pauses) == 2


def test_a_request_that_was_cut_is_sent_again_only_if_that_is_harmless(
    server: Scripted, client: httpx.Client, time: Time
) -> None:
    server.script(Reply(drop=True), Reply(200))
    with pytest.raises(httpx.RemoteProtocolError):
        get(server, client, time)
    assert len(server.requests) == 1
    server.script(Reply(drop=True), Reply(200))
    assert get(server, client, time, idempotent=True).status_code == 200
    assert len(server.requests) == 3


def test_an_error_that_is_not_the_networks_is_not_tried_again(time: Time) -> None:
    def send() -> httpx.Response:
        raise ValueError("a mistake of the caller")

    with pytest.raises(ValueError, match="mistake"):
        http.retry(send, policy=RetryPolicy(), deadline=Deadline.after(60), sleep=time.sleep)
    assert time.pauses == []


def test_the_client_follows_no_redirect_and_says_who_it_is(
    server: Scripted, client: httpx.Client
) -> None:
    server.script(Reply(302, headers={"location": f"{server.url}/elsewhere"}))
    assert client.get(server.url).status_code == 302
    (request,) = server.requests
    assert request.headers["user-agent"] == http.USER_AGENT


def test_the_client_uses_no_proxy_of_the_environment(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with http.client() as client:
        assert client.get(server.url).status_code == 200


def test_a_slow_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with http.client(timeout=0.05) as client, pytest.raises(httpx.ReadTimeout):
            client.get(url)


def test_tls_trusts_the_named_authorities_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("authorities")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, str(empty / "none"))
    assert tls.context.__wrapped__().cert_store_stats()["x509_ca"] == 0


@pytest.mark.parametrize("hashed", [True, False])
def test_tls_looks_authorities_up_or_reads_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, *, hashed: bool
) -> None:
    folder = tmp_path_factory.mktemp("authorities")
    if hashed:
        (folder / "0a775a30.0").symlink_to(certifi.where())
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    paths = SimpleNamespace(cafile=None, capath=str(folder))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    context = tls.context.__wrapped__()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    # What can be looked up has not been read yet; certifi's file has.
    assert (context.cert_store_stats()["x509_ca"] == 0) is hashed


def test_tls_reads_the_systems_file_when_there_is_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    paths = SimpleNamespace(cafile=certifi.where(), capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    assert isinstance(tls.context.__wrapped__(), ssl.SSLContext)
