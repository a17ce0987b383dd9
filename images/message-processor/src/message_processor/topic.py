"""A topic's URL: where it leads, how it signs in, and what goes with every request.

A topic that is not open to all is named with its credentials, as
`https://user:password@ntfy.example.com/topic` or with a query such as `?auth=…`
(https://docs.ntfy.sh/publish/#authentication).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit

from function_kit import redaction
from message_kit.outbound import Call, OutboundError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MALFORMED: Final = "the topic's URL is missing or malformed: it must begin with https://"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a server.

    Attributes:
        scheme: http or https.
        host: The server's.
        port: The server's.
        path: The topic's, without a slash at its end.
        query: Of the URL, percent-encoded; empty without one.
        signing: Headers that sign in.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str
    signing: Mapping[str, str]

    @classmethod
    def of(cls, url: str) -> Topic:
        """The topic of a URL.

        Raises:
            OutboundError: It is no URL; nothing of it is repeated.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:  # which quotes what may be a piece of a password
            raise OutboundError(_MALFORMED, sent=False) from None
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise OutboundError(_MALFORMED, sent=False)
        redaction.register(parts.query)
        path = parts.path.rstrip("/")
        return cls(parts.scheme, parts.hostname, port, path, parts.query, _signing(parts))

    def publish(self, headers: Mapping[str, str], body: bytes) -> Call:
        """A post."""
        return self._call("POST", self.path, self.query, headers, body)

    def read(self, since: int) -> Call:
        """What has arrived since a second of the epoch?"""
        asked = f"poll=1&since={since}"
        query = f"{asked}&{self.query}" if self.query else asked
        return self._call("GET", f"{self.path}/json", query)

    def health(self) -> Call:
        """Is the server well, and does it know who asks?"""
        return self._call("GET", "/v1/health", self.query)

    def _call(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Call:
        target = (path or "/") + (f"?{query}" if query else "")
        sent = {**(headers or {}), **self.signing}
        return Call(method, self.scheme, self.host, self.port, target, sent, body)


def _signing(parts: SplitResult) -> dict[str, str]:
    """The header that a URL's user and password stand for; none without them."""
    if parts.username is None and parts.password is None:
        return {}
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    redaction.register(password)
    redaction.register(pair)
    return {"authorization": f"Basic {pair}"}
