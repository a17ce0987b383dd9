"""Which addresses may be connected to: public ones.

A name is resolved here, every address that it has is looked at, and the connection is made to one
of those very addresses: nothing asks again for the name, which could have another answer by then.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillResolvingError
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from message_kit.outbound import OutboundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from function_kit.deadline import Deadline

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

# Public by the registries, and yet no place to go: they lead elsewhere, or nowhere.
_TRANSITION: Final = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# All unicast addresses that are assigned. NAT64, mapped and compatible IPv4 addresses,
# unique local and link-local ones are outside of it.
_UNICAST: Final = ip_network("2000::/3")
_AT_ONCE: Final = 4


class RefusedAddressError(OutboundError):
    """A host's addresses are not those of a public server."""

    def __init__(self, reason: str) -> None:
        """Say why; no address is repeated."""
        super().__init__(reason, sent=False)


def is_public(text: str) -> bool:
    """Whether an address, as a resolver gives it, is a public server's."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id or address not in _UNICAST):
        return False
    if any(address in network for network in _TRANSITION if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


class Resolver:
    """Gives the addresses to connect to."""

    def __init__(
        self,
        trusted: Sequence[Network] = (),
        getaddrinfo: Callable[..., Any] = socket.getaddrinfo,
    ) -> None:
        """Say which networks are allowed though they are not public.

        Args:
            trusted: None, but on a machine where stand-ins take the place of the world.
            getaddrinfo: Resolves; the system's.
        """
        self._trusted = tuple(trusted)
        self._getaddrinfo = getaddrinfo

    def __call__(self, host: str, port: int, deadline: Deadline) -> list[str]:
        """The addresses of a host.

        Raises:
            RefusedAddressError: One of them is not public.
            OutboundError: It has none, or nobody says so in time.
        """
        task = _pool().submit(self._getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = [entry[4][0] for entry in task.result(deadline.remaining())]
        except StillResolvingError:
            raise OutboundError("its name was not resolved in time", sent=False) from None
        except (OSError, UnicodeError):
            raise OutboundError("its name cannot be resolved", sent=False) from None
        addresses = list(dict.fromkeys(found))
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise RefusedAddressError("the host has an address that is not a public server's")
        return addresses

    def _is_allowed(self, text: str) -> bool:
        return is_public(text) or any(
            ip_address(text) in network for network in self._trusted if "%" not in text
        )


@cache
def _pool() -> ThreadPoolExecutor:
    # The system's resolver cannot be told when to give up.
    return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resolve")
