"""Answers that lead astray or never end, from real servers; and one that is as it should be."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from function_kit.deadline import Deadline
from message_kit.outbound import Outbound, OutboundError
from web_action.addresses import Resolver
from web_action.fetch import Ask, Fetcher, FetchError
from web_action.origins import Origin, Url

from tests.kit.raw import Raw, answer, certificate, redirect, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from message_kit.outbound import Answer

NAME = "api.allowed.test"
HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"


class Client:
    """An action's client that may call one server by a name, and nothing else on this machine."""

    def __init__(self, server: Raw, context: ssl.SSLContext | None = None) -> None:
        self.scheme = "https" if context else "http"
        self.addresses = {NAME: server.host, "inside.test": "127.0.0.1"}
        resolver = Resolver([ip_network(f"{server.host}/32")], self._resolve)
        # No authority of the system is needed for plain HTTP, and none is trusted for the rest.
        trusted = context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.outbound = Outbound(trusted, resolve=resolver, keep=False)
        self.origin = Origin(self.scheme, NAME, server.port)
        self.origins = {self.origin}

    def _resolve(self, host: str, port: int, **_: Any) -> list[Any]:
        address = self.addresses[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def get(self, target: str = "/", *, seconds: float = 5.0, **parts: Any) -> Answer:
        fetcher = Fetcher(self.outbound, lambda _: None)
        ask = Ask(Url(self.origin, target), **({"most": 50_000} | parts))
        return fetcher.fetch(ask, frozenset(self.origins), Deadline.after(seconds))


@contextmanager
def talking(talk: Any, **options: Any) -> Iterator[tuple[Raw, Client]]:
    """A server that always says the same."""
    with serving(lambda _: talk, **options) as server:
        client = Client(server)
        try:
            yield server, client
        finally:
            client.outbound.close()


@pytest.fixture
def inside() -> Iterator[Raw]:
    """A server that nobody may reach."""
    with serving(lambda _: answer(b"secret"), host="127.0.0.1") as server:
        yield server
    assert server.connections == 0, "somebody came inside"


def test_an_allowed_host_answers() -> None:
    with talking(answer(b"hello", "200 OK", "content-type: text/plain")) as (server, client):
        found = client.get("/path?query=1")
    assert (found.status, found.body, found.complete) == (200, b"hello", True)
    (request,) = server.requests
    assert request.startswith(b"GET /path?query=1 HTTP/1.1\r\n")
    assert f"host: {NAME}:{server.port}".encode() in request.lower()


def test_tls_is_for_the_name_although_the_connection_is_to_an_address(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, NAME)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(cert, key)
    names: list[str | None] = []
    theirs.sni_callback = lambda _socket, name, _context: names.append(name)
    ours = ssl.create_default_context(cafile=str(cert))
    with serving(lambda _: answer(b"hello"), tls=theirs) as server:
        client = Client(server, ours)
        assert client.get().body == b"hello"
    assert names == [NAME]


def test_a_server_with_another_name_s_certificate_is_refused(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "other.test")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(cert, key)
    ours = ssl.create_default_context(cafile=str(cert))
    with (
        serving(lambda _: answer(b"hello"), tls=theirs) as server,
        pytest.raises(FetchError, match="the connection failed"),
    ):
        Client(server, ours).get()
    assert server.requests == []


def leading(*locations: str) -> Callable[[Raw], Any]:
    """Redirects to one after the other; `{inside}` and `{port}` are filled in."""

    def talk(server: Raw) -> Any:
        steps = itertools.chain(locations, itertools.repeat(locations[-1]))

        def say(connection: socket.socket, head: bytes) -> None:
            if b"GET /good" in head:
                answer(b"arrived")(connection, head)
            else:
                redirect(next(steps).replace("{port}", str(server.port)))(connection, head)

        return say

    return talk


REDIRECTS = {
    "to an address inside": "http://127.0.0.1:{inside}/",
    "to a number inside": "http://2130706433:{inside}/",
    "to a name inside": "http://inside.test:{inside}/",
    "to the metadata": "http://169.254.169.254/latest/meta-data/",
    "to IPv6 inside": "http://[::1]:{inside}/",
    "to a mapped address": "http://[::ffff:127.0.0.1]:{inside}/",
    "to another port": "http://api.allowed.test:1/",
    "to another host": "http://evil.test/",
    "with a user": "http://api.allowed.test@127.0.0.1:{inside}/",
    "to a file": "file:///etc/passwd",
    "to gopher": "gopher://127.0.0.1:{inside}/_x",
    "without a scheme": "//127.0.0.1:{inside}/",
    "relative to here": "elsewhere",
    "to nothing": "",
    "with a backslash": "http://127.0.0.1:{inside}\\@api.allowed.test/",
}


@pytest.mark.parametrize("location", REDIRECTS.values(), ids=REDIRECTS.keys())
@pytest.mark.parametrize("hops", [0, 2], ids=["at once", "after two good ones"])
def test_a_redirect_is_refused(location: str, hops: int, inside: Raw) -> None:
    leads = ["/again"] * hops + [location.replace("{inside}", str(inside.port))]
    with serving(leading(*leads)) as server, pytest.raises(FetchError):
        Client(server).get()
    assert len(server.requests) == hops + 1


def test_a_listed_name_that_leads_inside_is_refused_at_its_address(inside: Raw) -> None:
    with serving(leading(f"http://inside.test:{inside.port}/")) as server:
        client = Client(server)
        client.origins.add(Origin("http", "inside.test", inside.port))
        with pytest.raises(FetchError, match="not a public server's"):
            client.get()


def test_a_listed_name_whose_address_changes_is_refused(inside: Raw) -> None:
    """Public when it was called, inside when its redirect is followed: DNS rebinding."""
    with serving(lambda _: redirect("/again")) as server:
        client = Client(server)
        resolve = client._resolve
        answers = iter([server.host, "127.0.0.1"])

        def rebinding(host: str, port: int, **more: Any) -> list[Any]:
            client.addresses[NAME] = next(answers)
            return resolve(host, port, **more)

        resolver = Resolver([ip_network(f"{server.host}/32")], rebinding)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.outbound = Outbound(context, resolve=resolver, keep=False)
        with pytest.raises(FetchError, match="not a public server's"):
            client.get()
    assert len(server.requests) == 1


def test_redirects_to_where_it_is_allowed_are_followed_up_to_three_times() -> None:
    with serving(leading("/a", f"http://{NAME}:{{port}}/b", "/good")) as server:
        assert Client(server).get().body == b"arrived"
    with serving(leading("/a")) as server, pytest.raises(FetchError, match="more than 3 times"):
        Client(server).get()
    assert len(server.requests) == 4


def test_what_signs_in_stays_with_its_origin() -> None:
    with serving(lambda _: answer(b"arrived"), host="127.0.0.2") as other:
        lead = f"http://other.test:{other.port}/"
        with serving(leading("/again", lead)) as server:
            client = Client(server)
            client.addresses["other.test"] = other.host
            client.origins.add(Origin("http", "other.test", other.port))
            found = client.get(signing={"authorization": "Bearer token-of-the-test"})
    assert found.body == b"arrived"
    assert ["token-of-the-test" in head.decode() for head in server.requests] == [True, True]
    assert ["token-of-the-test" in head.decode() for head in other.requests] == [False]


def test_a_redirect_of_a_post_is_an_answer_and_not_followed() -> None:
    with serving(leading("/good")) as server, pytest.raises(FetchError, match="it answered 302"):
        Client(server).get(method="POST", body=b"x")
    assert len(server.requests) == 1


def endless(connection: socket.socket, _: bytes, server: Raw, piece: bytes, pause: float) -> None:
    while not server.stopping.wait(pause):
        connection.sendall(piece)


@pytest.mark.parametrize(
    "head",
    [HEAD + b"\r\n", HEAD + b"content-length: 99999999999\r\n\r\n"],
    ids=["without a length", "of a huge length"],
)
def test_an_endless_body_is_cut(head: bytes) -> None:
    def talk(server: Raw) -> Any:
        def say(connection: socket.socket, request: bytes) -> None:
            connection.sendall(head)
            endless(connection, request, server, b"x" * 65_536, 0)

        return say

    with serving(talk) as server:
        found = Client(server).get()
    assert (len(found.body), found.complete) == (50_000, False)


def test_an_endless_body_in_chunks_is_cut() -> None:
    def talk(server: Raw) -> Any:
        def say(connection: socket.socket, request: bytes) -> None:
            connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
            endless(connection, request, server, b"1000\r\n" + b"x" * 4096 + b"\r\n", 0)

        return say

    with serving(talk) as server:
        found = Client(server).get()
    assert (len(found.body), found.complete) == (50_000, False)


DRIPS = {
    "of the body": (HEAD + b"\r\n", b"x"),
    "of a header": (HEAD + b"x-long: ", b"x"),
    "of headers": (HEAD, b"x-more: y\r\n"),
    "of interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "of chunks": (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "of nothing": (b"", b""),
}


@pytest.mark.parametrize(("head", "piece"), DRIPS.values(), ids=DRIPS.keys())
def test_a_slow_drip_is_given_up_at_the_deadline(head: bytes, piece: bytes) -> None:
    def talk(server: Raw) -> Any:
        def say(connection: socket.socket, request: bytes) -> None:
            connection.sendall(head)
            endless(connection, request, server, piece, 0.02)

        return say

    with serving(talk) as server:
        client = Client(server)
        began = time.monotonic()
        with pytest.raises(FetchError):
            client.get(seconds=0.4)
    assert 0.3 < time.monotonic() - began < 1.5


def test_a_tls_handshake_that_never_ends_is_given_up_at_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.2", 0))
    with listener:
        server = Raw("127.0.0.2", listener.getsockname()[1])
        client = Client(server, ssl.create_default_context())
        began = time.monotonic()
        with pytest.raises(FetchError):
            client.get(seconds=0.3)
    assert time.monotonic() - began < 1.5


def test_a_server_that_reads_nothing_is_given_up_at_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.2", 0))
    with listener:
        client = Client(Raw("127.0.0.2", listener.getsockname()[1]))
        began = time.monotonic()
        with pytest.raises(FetchError) as failed:
            client.get(seconds=0.3, method="POST", body=b"x" * 50_000_000)
    assert failed.value.sent
    assert time.monotonic() - began < 1.5


def test_endless_headers_are_refused() -> None:
    def talk(server: Raw) -> Any:
        def say(connection: socket.socket, request: bytes) -> None:
            connection.sendall(HEAD)
            endless(connection, request, server, b"x-more: " + b"y" * 4096 + b"\r\n", 0)

        return say

    with serving(talk) as server, pytest.raises(FetchError, match="the connection failed"):
        Client(server).get()


def bomb(encoding: str) -> bytes:
    """200 MB of zeros, compressed to some 200 KB."""
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(200)) + packer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_bomb_is_cut_in_little_memory(encoding: str) -> None:
    talk = answer(bomb(encoding), "200 OK", f"content-encoding: {encoding}")
    with talking(talk) as (_, client):
        tracemalloc.start()
        found = client.get()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (len(found.body), found.complete) == (50_000, False)
    assert peak < 5_000_000


def test_a_bomb_in_a_bomb_is_not_unpacked_twice() -> None:
    twice = gzip.compress(gzip.compress(b"inner"))
    talk = answer(twice, "200 OK", "content-encoding: gzip, gzip")
    with talking(talk) as (_, client), pytest.raises(FetchError, match="not asked for"):
        client.get()


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, deflate"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with (
        talking(answer(b"x", "200 OK", f"content-encoding: {encoding}")) as (server, client),
        pytest.raises(FetchError, match="not asked for"),
    ):
        client.get()
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_what_cannot_be_unpacked_is_refused() -> None:
    talk = answer(b"no gzip at all", "200 OK", "content-encoding: gzip")
    with talking(talk) as (_, client), pytest.raises(FetchError, match="cannot be decompressed"):
        client.get()


def test_what_follows_a_compressed_body_is_not_kept() -> None:
    talk = answer(gzip.compress(b"hello") + b"x" * 1000, "200 OK", "content-encoding: gzip")
    with talking(talk) as (_, client):
        assert client.get().body == b"hello"


@pytest.mark.parametrize(
    "said",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 999999 OK\r\n\r\n", b"\x16\x03\x01\x00\xa5"],
    ids=["nothing", "SSH", "no status", "TLS"],
)
def test_what_is_not_http_is_an_error_that_repeats_nothing(said: bytes) -> None:
    with (
        talking(lambda connection, _: connection.sendall(said)) as (_, client),
        pytest.raises(FetchError) as failed,
    ):
        client.get()
    assert "SSH" not in str(failed.value)


def test_a_get_is_tried_three_times_and_a_post_once() -> None:
    with talking(answer(b"", "503 Busy")) as (server, client):
        for method, times in (("GET", 3), ("POST", 4)):
            with pytest.raises(FetchError, match="it answered 503"):
                client.get(method=method)
            assert len(server.requests) == times


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418])
def test_a_definite_answer_is_not_asked_for_again(status: int) -> None:
    with (
        talking(answer(b"secret", f"{status} No")) as (server, client),
        pytest.raises(FetchError) as failed,
    ):
        client.get()
    assert len(server.requests) == 1
    assert (failed.value.status, str(failed.value)) == (status, f"it answered {status}")


def test_nobody_there_is_an_error_that_was_never_sent() -> None:
    with socket.create_server(("127.0.0.2", 0)) as listener:
        server = Raw("127.0.0.2", listener.getsockname()[1])
    with pytest.raises(FetchError) as failed:
        Client(server).get(method="POST")
    assert not failed.value.sent


def test_a_header_that_would_become_two_is_never_sent() -> None:
    with (
        talking(answer(b"x")) as (server, client),
        pytest.raises((FetchError, OutboundError)) as failed,
    ):
        client.get(headers={"x-a": "b\r\nhost: evil.test"})
    assert server.requests == []
    assert not failed.value.sent
