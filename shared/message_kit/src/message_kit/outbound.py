"""HTTP out of a messaging function, with a deadline over a whole exchange.

Timeouts of HTTP clients are for each read: a server that sends one byte a second is never too slow
for them. Here every wait is cut to what is left until the deadline, from the name's resolution to
the last byte of the body, and a body is read no further than asked for. Where addresses are to be
checked, `resolve` gives those to connect to, and nothing resolves the name again: what was checked
is what is connected to, while TLS still verifies the name.
"""

from __future__ import annotations

import zlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from function_kit.deadline import Deadline

    type Resolve = Callable[[str, int, Deadline], Sequence[str]]

USER_AGENT: Final = "lambda-fleet"
_CONNECT: Final = 5.0
_PIECE: Final = 65_536  # bytes that are decompressed at once
_deadline: ContextVar[Deadline] = ContextVar("deadline")
_NEVER_SENT: Final = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.LocalProtocolError,
    httpcore.UnsupportedProtocol,
)


class OutboundError(Exception):
    """No answer came, or none that can be read.

    The message says what happened, and nothing of the request or the answer.

    Attributes:
        sent: Whether the other side may have got the request.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        """Say what happened."""
        super().__init__(reason)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    Attributes:
        method: The HTTP method.
        scheme: http or https.
        host: A name or an address.
        port: The port.
        target: Path and query, percent-encoded.
        headers: Names in lower case.
        body: What is sent.
    """

    method: str
    scheme: str
    host: str
    port: int
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def url(self) -> httpcore.URL:
        """Where it goes; taken as parts, so that nobody reads an address in two ways."""
        return httpcore.URL(scheme=self.scheme, host=self.host, port=self.port, target=self.target)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case; of several of a name, the last.
        body: As far as it was read, decompressed.
        complete: Whether that is all of it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool


class Outbound:
    """A client. Threads may share it."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        resolve: Resolve | None = None,
        connections: int = 10,
        keep: bool = True,
    ) -> None:
        """Make it; nothing is sent yet.

        Args:
            context: Whom to trust.
            resolve: Gives the addresses to connect to for a host, a port and a deadline.
            connections: At once.
            keep: Whether connections are used again.
        """
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections if keep else 0,
            network_backend=_Backend(resolve),
        )

    def send(self, call: Call, deadline: Deadline, *, most: int) -> Answer:
        """Send a request and read its answer; redirects are not followed.

        Args:
            call: The request.
            deadline: Nothing is waited for beyond it.
            most: Bytes of the body to read.

        Raises:
            OutboundError: No answer came in time, or none that is HTTP.
        """
        token = _deadline.set(deadline)
        try:
            return self._send(call, most)
        except httpcore.TimeoutException as error:
            reason = "the time for it was over" if deadline.expired else "it did not answer in time"
            raise OutboundError(reason, sent=not isinstance(error, _NEVER_SENT)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            reason = f"the connection failed: {type(error).__name__}"
            raise OutboundError(reason, sent=not isinstance(error, _NEVER_SENT)) from None
        finally:
            _deadline.reset(token)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _send(self, call: Call, most: int) -> Answer:
        # Refused by a server that has no other encoding; bounded below all the same.
        headers = {
            "user-agent": USER_AGENT,
            "accept-encoding": "identity",
            **call.headers,
            "content-length": str(len(call.body)),
        }
        if call.method == "GET":
            del headers["content-length"]
        wait = {"connect": _CONNECT, "pool": _deadline.get().remaining()}
        with self._pool.stream(
            call.method,
            call.url,
            headers=list(headers.items()),
            content=call.body or None,
            extensions={"timeout": wait},
        ) as response:
            found = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers}
            chunks = _decoded(response.iter_stream(), found.get("content-encoding", ""))
            body, complete = _read(chunks, most)
        return Answer(response.status, found, body, complete)


class _Backend(httpcore.NetworkBackend):
    """Connects to the addresses that it is told, within the deadline."""

    def __init__(self, resolve: Resolve | None) -> None:
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._resolve(host, port, _deadline.get()) if self._resolve else [host]
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in addresses:
            try:
                wait = _left(timeout, httpcore.ConnectTimeout)
                opened = self._plain.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(opened)
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection that waits for nothing beyond the deadline of the exchange it is used in."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        wait = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
    """Seconds to wait at most."""
    remaining = _deadline.get().remaining()
    if remaining <= 0:
        raise over("the deadline of the exchange is over")
    return remaining if timeout is None else min(timeout, remaining)


def _read(chunks: Iterable[bytes], most: int) -> tuple[bytes, bool]:
    """The body as far as `most` bytes, and whether that is all."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            return bytes(body[:most]), False
    return bytes(body), True


def _decoded(chunks: Iterable[bytes], encoding: str) -> Iterable[bytes]:
    """The body's chunks, decompressed piece by piece: a bomb is cut where its reader stops."""
    if encoding in {"", "identity"}:
        return chunks
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise OutboundError("it answered in an encoding that was not asked for", sent=True)
    return _inflated(chunks)


def _inflated(chunks: Iterable[bytes]) -> Iterable[bytes]:
    # 32: whichever of gzip's and zlib's headers is there.
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        for chunk in chunks:
            pending = chunk
            while pending:
                yield inflater.decompress(pending, _PIECE)
                pending = inflater.unconsumed_tail
            if inflater.eof:  # what follows is not looked at, let alone kept
                return
    except zlib.error:
        raise OutboundError("its answer cannot be decompressed", sent=True) from None
