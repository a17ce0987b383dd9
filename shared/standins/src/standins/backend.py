"""A stand-in for the digest backend: `POST /api/v1/digest`, with a rate limit and a ledger.

    python -m standins.backend --port 8080

Environment: `STANDIN_RATE_PER_MINUTE` (50; 0 is no limit).

For tests: `PUT /__control` sets a `standins.behaviour.Script` and empties the ledger, `GET
/__ledger` answers `{attempts, deliveries, repeats}`. `GET /health` answers 200. The ledger holds
no webhook URL and no address, and nothing is logged.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins import serving
from standins.behaviour import DELIVERING, Attempt, Behaviour, Kind, Script

if TYPE_CHECKING:
    from starlette.requests import Request


class DigestRequest(BaseModel):
    """The body that the backend takes."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    delivery_method: Literal["slack", "discord", "email"]
    webhook_url: str | None
    frequency: Literal["daily", "weekly"]
    email: str | None = None

    @model_validator(mode="after")
    def _addressed(self) -> DigestRequest:
        if not (self.email if self.delivery_method == "email" else self.webhook_url):
            raise ValueError("the delivery method has no address")
        return self


class Backend:
    """The stand-in's state: script, rate limit, remembered answers and ledger."""

    def __init__(self, script: Script | None = None) -> None:
        """Start with an empty ledger."""
        self._lock = threading.Lock()
        self.reset(script or Script())

    def reset(self, script: Script) -> None:
        """Behave by `script` from now on, with an empty ledger."""
        with self._lock:
            self.script = script
            self.attempts: list[dict[str, Any]] = []
            self.deliveries: list[dict[str, Any]] = []
            self.repeats = 0
            self._answers: dict[str, dict[str, Any]] = {}
            self._numbers: Counter[str] = Counter()
            self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def record(self, digest: DigestRequest, key: str) -> tuple[Attempt, dict[str, Any]]:
        """Enter an attempt into the ledger; its `outcome` is filled in by what happens."""
        with self._lock:
            self._numbers[key or digest.repo] += 1
            number = self._numbers[key or digest.repo]
            ordinal = len(self.attempts) + 1
            entry = {
                "at": time.time(),
                "key": key,
                "repo": digest.repo,
                "frequency": digest.frequency,
                "delivery_method": digest.delivery_method,
                "outcome": "pending",
            }
            self.attempts.append(entry)
        return Attempt(repo=digest.repo, key=key, ordinal=ordinal, number=number), entry

    def seconds_over_limit(self, client: str) -> float | None:
        """How long `client` must wait, or None when this request is within its rate."""
        limit, window, now = self.script.rate_per_minute, self.script.window, time.monotonic()
        if limit is None:
            return None
        with self._lock:
            recent = self._recent[client]
            while recent and recent[0] <= now - window:
                recent.popleft()
            if len(recent) >= limit:
                return recent[0] + window - now
            recent.append(now)
            return None

    def remembered(self, key: str) -> dict[str, Any] | None:
        """The answer already given for `key`, when keys are honoured."""
        with self._lock:
            answer = self._answers.get(key) if self.script.idempotency and key else None
            self.repeats += answer is not None
            return answer

    def deliver(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Do the work: one more delivery in the ledger, and the answer it is remembered by."""
        answer = {
            "success": True,
            "message": "Digest delivered",
            "summary": "3 commits, 1 release",
            "repo_name": entry["repo"],
            "delivery_status": "sent",
            "metrics_json": {"commits": 3},
        }
        with self._lock:
            entry["outcome"] = "delivered"
            self.deliveries.append({**entry, "at": time.time()})
            self._answers[entry["key"]] = answer
        return answer


def application(backend: Backend) -> Starlette:
    """The ASGI application around `backend`."""

    async def digest(request: Request) -> Response:
        try:
            body = DigestRequest.model_validate_json(await request.body())
        except ValidationError as error:
            fields = [".".join(map(str, item["loc"])) for item in error.errors()]
            return JSONResponse({"success": False, "fields": fields}, status_code=422)
        return await _handle(backend, request, body)

    async def control(request: Request) -> Response:
        backend.reset(Script.model_validate_json(await request.body()))
        return Response(status_code=204)

    def ledger(_request: Request) -> Response:
        return JSONResponse(
            {
                "attempts": backend.attempts,
                "deliveries": backend.deliveries,
                "repeats": backend.repeats,
            }
        )

    def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/api/v1/digest", digest, methods=["POST"]),
            Route("/health", health),
            Route("/__control", control, methods=["PUT"]),
            Route("/__ledger", ledger),
        ]
    )


async def _handle(backend: Backend, request: Request, body: DigestRequest) -> Response:
    key = request.headers.get("idempotency-key", "")
    attempt, entry = backend.record(body, key)
    wait = backend.seconds_over_limit(serving.client_of(request))
    if wait is not None:
        entry["outcome"] = "over_limit"
        return _refused(429, Behaviour(retry_after=int(wait) + 1))
    answer = backend.remembered(key)
    if answer is not None:
        entry["outcome"] = "repeat"
        return JSONResponse(answer, headers={"idempotent-replayed": "true"})
    behaviour = backend.script.behaviour(attempt)
    await asyncio.sleep(behaviour.latency)
    return await _behave(backend, request, entry, behaviour)


async def _behave(
    backend: Backend, request: Request, entry: dict[str, Any], behaviour: Behaviour
) -> Response:
    kind = behaviour.kind
    entry["outcome"] = kind.value
    answer = backend.deliver(entry) if kind in DELIVERING else None
    if kind in {Kind.DROP_BEFORE, Kind.DROP_AFTER}:
        await serving.cut(request)
    if kind in {Kind.HANG, Kind.HANG_AFTER}:
        await serving.never_answer(request)
    return _response(behaviour, answer)


def _response(behaviour: Behaviour, answer: dict[str, Any] | None) -> Response:
    match behaviour.kind:
        case Kind.RATE_LIMITED:
            return _refused(429, behaviour)
        case Kind.ERROR | Kind.ERROR_AFTER:
            return _refused(behaviour.status, behaviour)
        case Kind.NOT_JSON:
            return PlainTextResponse("<html>sent</html>")
        case Kind.NO_CONTENT:
            return Response(status_code=204)
        case Kind.REDIRECT:
            return Response(status_code=307, headers={"location": "/elsewhere"})
        case _:
            return JSONResponse(answer)


def _refused(status: int, behaviour: Behaviour) -> Response:
    headers = {}
    if behaviour.retry_after is not None:
        at = datetime.now(UTC) + timedelta(seconds=behaviour.retry_after)
        date = format_datetime(at, usegmt=True)
        headers["retry-after"] = date if behaviour.as_date else str(behaviour.retry_after)
    body = {"success": False, "message": "refused"}
    return JSONResponse(body, status_code=status, headers=headers)


def main() -> None:
    """Serve the stand-in as the environment says."""
    options = serving.arguments("A stand-in for the digest backend.", port=8080).parse_args()
    rate = int(os.environ.get("STANDIN_RATE_PER_MINUTE", "50"))
    script = Script(rate_per_minute=rate or None)
    serving.serve(application(Backend(script)), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
