"""URLs, read in one strict way, and the hosts that an action may call.

Programs disagree about odd URLs: a user before the name, a backslash, digits of other alphabets,
a dot at the end of a name. Here a URL is plain or refused. Numbers are no names: whatever notation
an address is written in, it is not in a list of names.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_URL: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    # What RFC 3986 allows in a path and a query.
    r"(?P<target>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)?",
    re.IGNORECASE | re.ASCII,  # or a Kelvin sign would be a K
)
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)$", re.IGNORECASE)
_PORTS: Final = {"https": 443, "http": 80}
_LONGEST: Final = 2048
_LONGEST_NAME: Final = 253
_HIGHEST_PORT: Final = 65_535


class RefusedUrlError(ValueError):
    """A URL is not called; the message says why and does not repeat it."""


class Origin(NamedTuple):
    """A scheme, a host and a port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """As it stands in a URL."""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


class Url(NamedTuple):
    """A URL that is plain.

    Attributes:
        origin: Where it goes.
        target: Path and query.
    """

    origin: Origin
    target: str

    @property
    def shown(self) -> str:
        """It, without its query, which may hold what is nobody's business."""
        return f"{self.origin}{self.target.partition('?')[0]}"

    def join(self, location: str) -> Url:
        """Where a redirect leads from here.

        Raises:
            RefusedUrlError: That is not plain.
        """
        if location.startswith("/") and not location.startswith("//"):
            return parse(f"{self.origin}{location}")
        return parse(location)


def parse(text: str) -> Url:
    """Read a URL.

    Raises:
        RefusedUrlError: It is not a plain http or https URL.
    """
    if len(text) > _LONGEST:
        raise RefusedUrlError(f"the URL has more than {_LONGEST} characters")
    found = _URL.fullmatch(text)
    if found is None:
        raise RefusedUrlError(
            "the URL is not plain: https, a name without user or password, a port, a path"
        )
    scheme, host = found["scheme"].lower(), found["host"].lower()
    if len(host) > _LONGEST_NAME or _NUMBER.search(host.rpartition(".")[2]):
        # As browsers read it: a name whose last part is a number is an address.
        raise RefusedUrlError("the URL names its host by a number")
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port <= _HIGHEST_PORT:
        raise RefusedUrlError("the URL has no such port")
    return Url(Origin(scheme, host, port), found["target"] or "/")


def allowed(url: Url, origins: frozenset[Origin]) -> Url:
    """The URL, if its origin is one of those.

    Raises:
        RefusedUrlError: It is not.
    """
    if url.origin not in origins:
        raise RefusedUrlError(f"{url.origin} is not among the hosts that this action may call")
    return url
