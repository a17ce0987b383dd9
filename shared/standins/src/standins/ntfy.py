"""A stand-in for an ntfy server: publishing with headers, and reading back what arrived.

    python -m standins.ntfy --port 8080

`POST /<topic>` publishes, `GET /<topic>/json?poll=1&since=…` reads back, `GET /v1/health` answers
200. As ntfy 2.16 and later do, it keeps a message's sequence id, and of several messages with one
sequence id people see one notification.

For tests: `PUT /__control` sets a `Script` and empties the ledger, `GET /__ledger` answers
`{attempts, published, notifications, repeats, strays}`: requests, those that arrived, what people
see, arrivals of what was there already, and requests that followed a redirect.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import threading
import time
from collections import Counter
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins import serving
from standins.behaviour import DELIVERING, Behaviour, Kind, draw

if TYPE_CHECKING:
    from starlette.requests import Request

_DECODED = ("title", "tags", "click")


class Rule(BaseModel):
    """When to behave in which way. Every condition that is set must hold.

    Attributes:
        behaviour: What happens.
        containing: What the message's text holds.
        times: Only the first so many attempts of one sequence id.
        probability: Of each attempt.
    """

    model_config = ConfigDict(extra="forbid")

    behaviour: Behaviour
    containing: str = ""
    times: int | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0


class Script(BaseModel):
    """Everything that can be set about the server.

    Attributes:
        rules: Tried in order; the first that fits decides.
        latency: Seconds before anything happens, whatever it is.
        readable: Whether messages can be read back.
        login: Who alone may use topics, as `user:password` or `?query`; everybody when empty.
        seed: Of what is drawn.
    """

    model_config = ConfigDict(extra="forbid")

    rules: tuple[Rule, ...] = ()
    latency: Annotated[float, Field(ge=0)] = 0.0
    readable: bool = True
    login: str = ""
    seed: int = 0

    def behaviour(self, key: str, text: str, number: int) -> Behaviour:
        """How to behave towards the n-th attempt of a sequence id."""
        for index, rule in enumerate(self.rules):
            if (
                rule.containing in text
                and (rule.times is None or number <= rule.times)
                and draw(f"{self.seed}:{index}:{key}:{number}") < rule.probability
            ):
                return rule.behaviour
        return Behaviour()


class Ntfy:
    """The server's state: its script, and what arrived."""

    def __init__(self, script: Script | None = None) -> None:
        """Start with nothing."""
        self._lock = threading.Lock()
        self.reset(script or Script())

    def reset(self, script: Script) -> None:
        """Behave by `script` from now on, with an empty ledger."""
        with self._lock:
            self.script = script
            self.attempts = 0
            self.strays = 0
            self.published: list[dict[str, Any]] = []
            self._numbers: Counter[str] = Counter()

    def attempt(self, key: str, text: str) -> Behaviour:
        """Count an attempt; gives how to behave towards it."""
        with self._lock:
            self.attempts += 1
            self._numbers[key] += 1
            return self.script.behaviour(key, text, self._numbers[key])

    def publish(self, message: dict[str, Any]) -> None:
        """Let a message arrive."""
        with self._lock:
            self.published.append(message)

    def stray(self) -> None:
        """Count a request that followed a redirect."""
        with self._lock:
            self.strays += 1

    def since(self, topic: str, moment: float) -> list[dict[str, Any]]:
        """What arrived in a topic since a second of the epoch."""
        with self._lock:
            found = list(self.published)
        return [m for m in found if m["topic"] == topic and m["time"] >= moment]

    def ledger(self) -> dict[str, Any]:
        """See the module."""
        with self._lock:
            published = list(self.published)
            counts = {"attempts": self.attempts, "strays": self.strays}
        shown = {message["sequence_id"]: message for message in published}
        repeats = len(published) - len(shown)
        return counts | {
            "published": len(published),
            "notifications": list(shown.values()),
            "repeats": repeats,
        }


def application(ntfy: Ntfy) -> Starlette:
    """The ASGI application around `ntfy`."""

    async def publish(request: Request) -> Response:
        if not _knows(request, ntfy.script.login):
            return _error(403, "forbidden")
        text = (await request.body()).decode()
        message = _message(request, text)
        behaviour = ntfy.attempt(message["sequence_id"], text)
        await asyncio.sleep(ntfy.script.latency + behaviour.latency)
        if behaviour.kind in DELIVERING:
            ntfy.publish(message)
        if behaviour.kind in {Kind.DROP_BEFORE, Kind.DROP_AFTER}:
            await serving.cut(request)
        if behaviour.kind in {Kind.HANG, Kind.HANG_AFTER}:
            await serving.never_answer(request)
        return _response(behaviour, message)

    def read(request: Request) -> Response:
        if not _knows(request, ntfy.script.login) or not ntfy.script.readable:
            return _error(403, "forbidden")
        since = request.query_params.get("since", "all")
        found = ntfy.since(request.path_params["topic"], 0 if since == "all" else float(since))
        lines = "".join(json.dumps(message) + "\n" for message in found)
        return PlainTextResponse(lines, media_type="application/x-ndjson")

    async def control(request: Request) -> Response:
        ntfy.reset(Script.model_validate_json(await request.body()))
        return Response(status_code=204)

    def stray(_request: Request) -> Response:
        ntfy.stray()
        return JSONResponse({"id": "stray"})

    return Starlette(
        routes=[
            Route("/v1/health", lambda request: _health(request, ntfy.script.login)),
            Route("/__control", control, methods=["PUT"]),
            Route("/__ledger", lambda _: JSONResponse(ntfy.ledger())),
            Route("/elsewhere", stray, methods=["GET", "POST"]),
            Route("/{topic}/json", read),
            Route("/{topic}", publish, methods=["POST", "PUT"]),
        ]
    )


def _health(request: Request, login: str) -> Response:
    # Anybody may ask, and wrong credentials are refused all the same.
    if "authorization" in request.headers and not _knows(request, login):
        return _error(401, "unauthorized")
    return JSONResponse({"healthy": True})


def _knows(request: Request, login: str) -> bool:
    """Whether a request signs in as it must."""
    if login.startswith("?"):
        return f"&{request.url.query}".endswith(f"&{login[1:]}")
    pair = base64.b64encode(login.encode()).decode()
    return not login or request.headers.get("authorization") == f"Basic {pair}"


def _message(request: Request, text: str) -> dict[str, Any]:
    """A message as ntfy shows it."""
    headers = {
        name: _decoded(request.headers[name]) for name in _DECODED if name in request.headers
    }
    identity = secrets.token_hex(6)
    return {
        "id": identity,
        "sequence_id": request.headers.get("x-sequence-id", identity),
        "time": int(time.time()),
        "event": "message",
        "topic": request.path_params["topic"],
        "message": text,
        "priority": int(request.headers.get("priority", "3")),
        **headers,
        "tags": [tag for tag in headers.get("tags", "").split(",") if tag],
    }


def _decoded(value: str) -> str:
    """A header's text, decoded as RFC 2047 says, as ntfy does."""
    return str(make_header(decode_header(value)))


def _response(behaviour: Behaviour, message: dict[str, Any]) -> Response:
    match behaviour.kind:
        case Kind.RATE_LIMITED:
            answer = _error(429, "limit reached")
            if behaviour.retry_after is not None:
                answer.headers["retry-after"] = str(behaviour.retry_after)
            return answer
        case Kind.ERROR | Kind.ERROR_AFTER:
            return _error(behaviour.status, "internal server error")
        case Kind.REDIRECT:
            return Response(status_code=307, headers={"location": "/elsewhere"})
        case Kind.NO_CONTENT:
            return Response(status_code=204)
        case Kind.NOT_JSON:
            return PlainTextResponse("<html>sent</html>")
        case _:
            return JSONResponse(message)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"code": status * 100 + 1, "http": status, "error": text}, status)


def main() -> None:
    """Serve the stand-in."""
    options = serving.arguments("A stand-in for an ntfy server.", port=8080).parse_args()
    serving.serve(application(Ntfy()), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
