"""Server-side request forgery by DNS: a listed name leads nowhere but to public addresses."""

from __future__ import annotations

import socket
import time
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpcore
import pytest
from function_kit import tls
from function_kit.deadline import Deadline
from message_kit.outbound import Call, Outbound, OutboundError
from web_action.addresses import RefusedAddressError, Resolver, is_public
from web_action.fetch import Ask, Fetcher, FetchError
from web_action.origins import Origin, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = parse("https://api.allowed.test/")
ALLOWED = frozenset({Origin("https", "api.allowed.test", 443)})
REFUSED = {
    "loopback": "127.0.0.1",
    "loopback, another": "127.8.8.8",
    "this host": "0.0.0.0",  # noqa: S104 - an address in an answer
    "this network": "0.1.2.3",
    "private, 10": "10.0.0.1",
    "private, 172.16": "172.16.0.1",
    "private, 172.31": "172.31.255.254",
    "private, 192.168": "192.168.1.1",
    "link-local": "169.254.1.1",
    "metadata": "169.254.169.254",
    "container credentials": "169.254.170.2",
    "time sync": "169.254.169.123",
    "shared by carriers": "100.64.0.1",
    "protocol assignments": "192.0.0.8",
    "protocol assignments, PCP": "192.0.0.9",
    "documentation": "192.0.2.1",
    "documentation, 2": "198.51.100.1",
    "documentation, 3": "203.0.113.1",
    "relay of 6to4": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "multicast, documentation": "233.252.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 unspecified": "::",
    "IPv6 loopback": "::1",
    "IPv6 link-local": "fe80::1",
    "IPv6 link-local with a zone": "fe80::1%eth0",
    "IPv6 public with a zone": "2606:4700::1%1",
    "IPv6 unique local": "fc00::1",
    "IPv6 metadata": "fd00:ec2::254",
    "IPv6 site-local": "fec0::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 documentation": "2001:db8::1",
    "IPv6 documentation, new": "3fff::1",
    "IPv6 discard": "100::1",
    "IPv6 mapped loopback": "::ffff:127.0.0.1",
    "IPv6 mapped metadata": "::ffff:a9fe:a9fe",
    "IPv6 mapped public": "::ffff:8.8.8.8",
    "IPv6 compatible": "::127.0.0.1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "NAT64, local": "64:ff9b:1::a00:1",
    "6to4 of loopback": "2002:7f00:1::",
    "6to4 of metadata": "2002:a9fe:a9fe::1",
    "Teredo": "2001:0:53aa:64c:0:fbff:5601:5601",
    "ORCHID": "2001:20::1",
    "segment routing": "5f00::1",
    "AS112": "2620:4f:8000::1",
    "not an address": "localhost",
}


def answering(*answers: Sequence[str] | Exception) -> mock.Mock:
    """A resolver that gives one of these after the other, the last one again and again."""
    given = list(answers)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        found = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(found, Exception):
            raise found
        family = socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return mock.Mock(side_effect=getaddrinfo)


@pytest.fixture
def connecting() -> Any:
    """Notes what would be connected to, and connects to nothing."""
    with mock.patch.object(
        httpcore.SyncBackend, "connect_tcp", side_effect=httpcore.ConnectError("not in a test")
    ) as connect:
        yield connect


def fetch(resolver: Resolver) -> None:
    fetcher = Fetcher(Outbound(tls.context(), resolve=resolver, keep=False), lambda _: None)
    fetcher.fetch(Ask(URL), ALLOWED, Deadline.after(5))


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
def test_the_address_is_refused_and_never_connected_to(address: str, connecting: Any) -> None:
    assert not is_public(address)
    with pytest.raises(FetchError, match="not a public server's") as refused:
        fetch(Resolver(getaddrinfo=answering([address])))
    assert address not in str(refused.value)
    connecting.assert_not_called()


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
def test_one_such_address_among_public_ones_is_refused(address: str, connecting: Any) -> None:
    with pytest.raises(FetchError, match="not a public server's"):
        fetch(Resolver(getaddrinfo=answering(["8.8.8.8", address, "2606:4700::1"])))
    connecting.assert_not_called()


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1", "2a00:1450:4001::1"])
def test_a_public_address_is_connected_to_as_it_was_looked_at(
    address: str, connecting: Any
) -> None:
    with pytest.raises(FetchError, match="the connection failed"):
        fetch(Resolver(getaddrinfo=answering([address])))
    assert {call.args[:2] for call in connecting.call_args_list} == {(address, 443)}


def test_an_answer_that_changes_between_look_and_connection_is_never_seen(connecting: Any) -> None:
    """The name is resolved once for each connection, and not again to connect."""
    resolving = answering(["8.8.8.8"], ["127.0.0.1"])
    with pytest.raises(OutboundError, match="the connection failed"):
        outbound = Outbound(tls.context(), resolve=Resolver(getaddrinfo=resolving), keep=False)
        call = Call("GET", "https", "api.allowed.test", 443, "/", {})
        outbound.send(call, Deadline.after(5), most=10)
    assert resolving.call_count == 1
    assert [call.args[0] for call in connecting.call_args_list] == ["8.8.8.8"]


def test_an_answer_that_has_changed_by_the_next_try_is_looked_at_again(connecting: Any) -> None:
    with pytest.raises(FetchError, match="not a public server's"):
        fetch(Resolver(getaddrinfo=answering(["8.8.8.8"], ["127.0.0.1"])))
    assert [call.args[0] for call in connecting.call_args_list] == ["8.8.8.8"]


@pytest.mark.parametrize("answer", [[], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_an_error(answer: Any, connecting: Any) -> None:
    with pytest.raises(FetchError):
        fetch(Resolver(getaddrinfo=answering(answer)))
    connecting.assert_not_called()


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    slow = mock.Mock(side_effect=lambda *_, **__: time.sleep(1))
    began = time.monotonic()
    with pytest.raises(OutboundError, match="not resolved in time"):
        Resolver(getaddrinfo=slow)("api.allowed.test", 443, Deadline.after(0.1))
    assert time.monotonic() - began < 0.9


def test_trusted_networks_are_for_stand_ins_and_nothing_beside() -> None:
    trusting = Resolver([ip_network("127.0.0.2/32")], answering(["127.0.0.2"], ["127.0.0.1"]))
    assert trusting("a.test", 80, Deadline.after(1)) == ["127.0.0.2"]
    with pytest.raises(RefusedAddressError):
        trusting("a.test", 80, Deadline.after(1))
