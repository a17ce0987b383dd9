"""Callers that take next to no time themselves: just enough HTTP/1.1, and just enough of gRPC.

A client library would cost more than the gateway that it is to measure: grpc.aio's takes as long
for a call as its server does. Requests are made once; of an answer, only what says whether it is
good is looked at.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Callable
from typing import Final, cast

import hpack
from lambda_action import lambda_action_pb2 as pb

GOOD: Final = "good"
REFUSED: Final = "refused"
BAD: Final = "bad"

PAYLOAD: Final = '{"a": 1}'
_RESOURCE_EXHAUSTED: Final = "8"


class Caller(asyncio.Protocol):
    """One connection that has one request under way at most.

    Attributes:
        asked: When the request was sent, seconds of `time.perf_counter`.
        due: When the next is to be sent, for callers at a rate; the load's own.
        answered: What is told of each answer, and whether it was GOOD, REFUSED or BAD.
        ready: Done when requests may be sent.
    """

    def __init__(self) -> None:
        """Not connected yet."""
        self.asked = 0.0
        self.due = 0.0
        self.answered: Callable[[Caller, str], None] = lambda *_: None
        self.ready = asyncio.get_running_loop().create_future()
        self._waits = False
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self.begin()
        self.ready.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        """Whoever waits for an answer will have none."""
        self.tell(BAD)

    def begin(self) -> None:
        """What is said first."""

    def request(self) -> bytes:
        """The next request."""
        raise NotImplementedError

    def ask(self) -> None:
        """Send the next request."""
        self._waits = True
        self.asked = time.perf_counter()
        self._transport.write(self.request())

    def tell(self, kind: str) -> None:
        """The request that is under way was answered."""
        if self._waits:
            self._waits = False
            self.answered(self, kind)


class RestCaller(Caller):
    """HTTP/1.1 with `Content-Length`."""

    def __init__(self, address: str, token: str, function: str) -> None:
        """Make the request."""
        super().__init__()
        body = json.dumps({"function_name": function, "payload": PAYLOAD}).encode()
        head = (
            f"POST /api/v1/invoke HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body

    def request(self) -> bytes:
        """Always the same."""
        return self._request

    def data_received(self, data: bytes) -> None:
        """See whether the answer is whole."""
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        self._buffer = b""
        status = head[9:12]
        if status == b"200":
            # Lambda's refusals are 200, and say so.
            self.tell(GOOD if b'"success":true' in body.replace(b": ", b":") else BAD)
        else:
            self.tell(REFUSED if status == b"429" else BAD)


# https://www.rfc-editor.org/rfc/rfc9113#section-6
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_WINDOW: Final = 2**31 - 1
_GRPC_PREFIX: Final = 5  # bytes before a message: compressed or not, and its length


class GrpcCaller(Caller):
    """HTTP/2 with one stream after the other, and windows that are never full."""

    def __init__(self, address: str, token: str, function: str) -> None:
        """Make the request, but for its stream's number."""
        super().__init__()
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": "/lambda_action.LambdaAction/InvokeFunction",
            ":authority": address,
            "te": "trailers",
            "content-type": "application/grpc",
        }
        # Literals without indexing (RFC 7541, 6.2.2), so that each request is the same.
        self._head = b"".join(
            b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
            for name, value in fields.items()
        )
        wanted = pb.InvokeFunctionRequest(function_name=function, payload=PAYLOAD, token=token)
        message = wanted.SerializeToString()
        self._message = struct.pack(">BI", 0, len(message)) + message
        self._stream = -1
        self._answer = b""
        self._decoder = hpack.Decoder()

    def begin(self) -> None:
        """The preface, and windows as large as can be."""
        settings = struct.pack(">HI", 4, _WINDOW)
        update = struct.pack(">I", _WINDOW - 65_535)
        self._transport.write(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + _frame(_SETTINGS, 0, 0, settings)
            + _frame(8, 0, 0, update)
        )

    def request(self) -> bytes:
        """Headers and message on the next stream."""
        self._stream += 2
        self._answer = b""
        head = _frame(_HEADERS, _END_HEADERS, self._stream, self._head)
        return head + _frame(_DATA, _END_STREAM, self._stream, self._message)

    def data_received(self, data: bytes) -> None:
        """Each whole frame."""
        data = self._buffer + data if self._buffer else data
        at = 0
        while len(data) - at >= 9:
            length = int.from_bytes(data[at : at + 3])
            if len(data) - at - 9 < length:
                break
            kind, flags = data[at + 3], data[at + 4]
            at += 9 + length
            self._frame(kind, flags, data[at - length : at])
        self._buffer = data[at:]

    def _frame(self, kind: int, flags: int, content: bytes) -> None:
        if kind == _DATA:
            self._answer += content
        elif kind == _HEADERS:
            # Each is read: they change the table that later ones refer to.
            fields = dict(self._decoder.decode(content))
            if flags & _END_STREAM:
                self.tell(self._kind(fields.get("grpc-status", "")))
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            self._transport.write(_frame(kind, _ACK, 0, content if kind == _PING else b""))
        elif kind in (_RESET, _GOAWAY):
            self.tell(BAD)

    def _kind(self, status: str) -> str:
        if status == "0":
            answer = pb.InvokeFunctionResponse.FromString(self._answer[_GRPC_PREFIX:])
            return GOOD if answer.success else BAD
        return REFUSED if status == _RESOURCE_EXHAUSTED else BAD


def _frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream) + content
