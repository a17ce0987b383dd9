"""The REST edge: a Starlette application over the same gateway as gRPC's."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol

from function_kit.logging import get_logger
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from lambda_action import models
from lambda_action.errors import GatewayError, LambdaFailed, TooLarge
from lambda_action.invocations import Result, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request

    from lambda_action.gateway import Gateway
    from lambda_action.ports import Client

MODULE: Final = "lambda-action"
# Seconds for a body to arrive in; who takes longer holds nothing but a connection until then.
_BODY_SECONDS: Final = 20.0
# A payload is text inside JSON, where each of its bytes may take two, and more around it.
_OVERHEAD: Final = 64 * 1024
_NOT_FOUND: Final = 404
# Of what Lambda answers: no such marker, no such function.
_CALLERS_FAULT: Final = (400, _NOT_FOUND)

_log = get_logger()

type Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class State(Protocol):
    """Whether the process takes requests; `serve` and `handler` have one each."""

    ready: bool


def application(gateway: Gateway, state: State) -> Starlette:
    """The routes of the contract.

    Args:
        gateway: What answers.
        state: Whether `/ready` is.
    """
    edge = _Edge(gateway, state)
    return Starlette(
        routes=[
            Route("/health", _guarded(edge.health)),
            Route("/live", _guarded(edge.live)),
            Route("/ready", _guarded(edge.ready)),
            Route("/api/v1/token", _guarded(edge.token), methods=["POST"]),
            Route("/api/v1/invoke", _guarded(edge.invoke), methods=["POST"]),
            Route("/api/v1/invoke-async", _guarded(edge.invoke_async), methods=["POST"]),
            Route("/api/v1/batch", _guarded(edge.batch), methods=["POST"]),
            Route("/api/v1/functions", _guarded(edge.functions)),
            Route("/api/v1/functions/{name}", _guarded(edge.function)),
        ],
        exception_handlers={HTTPException: _http_problem},
    )


class _Edge:
    """What each route does."""

    def __init__(self, gateway: Gateway, state: State) -> None:
        self.gateway = gateway
        self.state = state
        self._largest = gateway.limits.payload_bytes * 2 + _OVERHEAD

    async def live(self, _: Request) -> Response:
        """The process runs."""
        return _json({"status": "alive"})

    async def ready(self, _: Request) -> Response:
        """It takes requests: not before it is whole, and not while it drains."""
        status = "ready" if self.state.ready else "draining"
        return _json({"status": status}, 200 if self.state.ready else 503)

    async def health(self, _: Request) -> Response:
        """How it is, and what it depends on."""
        parts = await self.gateway.health()
        well = all(part["status"] == "ok" for part in parts.values())
        answer = models.HealthAnswer(
            status="healthy" if well else "unhealthy",
            module=MODULE,
            version=version(MODULE),
            timestamp=datetime.now(UTC).isoformat(),
            config={
                **self.gateway.config,
                **parts,
                "under_way": self.gateway.places.taken,
                "refused": self.gateway.places.refused,
            },
        )
        return _model(answer, 200 if well else 503)

    async def token(self, request: Request) -> Response:
        """Credentials for a token."""
        given = models.Credentials.model_validate_json(await self._body(request))
        made = await self.gateway.sign_in(given.client_id, given.client_secret)
        return _model(models.TokenAnswer(token=made.text, expires_in=made.expires_in))

    async def invoke(self, request: Request) -> Response:
        """Invoke a function."""
        client = await self._client(request)
        asked = models.Invoke.model_validate_json(await self._body(request))
        result = await self.gateway.invoke(client, Wanted(**dict(asked)))
        return _model(_answer(result))

    async def invoke_async(self, request: Request) -> Response:
        """Invoke a function and wait for nothing."""
        client = await self._client(request)
        asked = models.AsyncInvoke.model_validate_json(await self._body(request))
        wanted = Wanted(
            function_name=asked.function_name, payload=asked.payload, invocation_type="Event"
        )
        result = await self.gateway.invoke(client, wanted)
        fields = ("success", "status_code", "request_id", "error")
        return _model(models.AsyncAnswer(**{name: getattr(result, name) for name in fields}))

    async def batch(self, request: Request) -> Response:
        """Invoke functions side by side."""
        client = await self._client(request)
        asked = models.Batch.model_validate_json(await self._body(request))
        results = await self.gateway.batch(client, [Wanted(**dict(i)) for i in asked.invocations])
        return _model(models.BatchAnswer(results=[_answer(result) for result in results]))

    async def functions(self, request: Request) -> Response:
        """List functions."""
        client = await self._client(request)
        query = models.ListQuery.model_validate(dict(request.query_params))
        found, marker = await self.gateway.functions(client, query.max_items, query.next_marker)
        return _json({"success": True, "functions": found, "next_marker": marker})

    async def function(self, request: Request) -> Response:
        """One function's configuration."""
        client = await self._client(request)
        found = await self.gateway.configuration(client, request.path_params["name"])
        return _json({"success": True, "config": found})

    async def _client(self, request: Request) -> Client:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return await self.gateway.caller(token.strip() if scheme.lower() == "bearer" else "")

    async def _body(self, request: Request) -> bytes:
        """The body, as far as it may go; whoever sends more is not read to the end."""
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self._largest:
                        raise TooLarge(f"the body is larger than {self._largest} bytes")
        except TimeoutError:
            body.clear()
        else:
            return bytes(body)
        raise GatewayError(f"the body did not arrive within {_BODY_SECONDS:g} s")


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Every refusal is an answer, and whatever nobody thought of is logged whole."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as problem:
            return _failure(400, "invalid_request", _reasons(problem))
        except GatewayError as problem:
            return _refusal(problem)
        except Exception:  # noqa: BLE001 - the caller learns only that it failed
            _log.exception("request_failed", path=request.url.path)
            return _failure(500, "internal_error", "The request failed on our side.")

    return answer


def _refusal(problem: GatewayError) -> Response:
    headers = {}
    if problem.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(problem.retry_after)))
    if isinstance(problem, TooLarge):
        headers["connection"] = "close"
    status = int(problem.status)
    if status == 401:  # noqa: PLR2004 - RFC 9110: it says how to come in
        headers["www-authenticate"] = "Bearer"
    if isinstance(problem, LambdaFailed) and problem.aws_status in _CALLERS_FAULT:
        status = problem.aws_status
    return _failure(status, problem.code, problem.message, headers)


async def _http_problem(_: Request, problem: Exception) -> Response:
    """No such route, or not by this method, in the form of all other answers."""
    assert isinstance(problem, HTTPException)  # noqa: S101 - what it is registered for
    code = "not_found" if problem.status_code == _NOT_FOUND else "not_allowed_here"
    return _failure(problem.status_code, code, problem.detail, dict(problem.headers or {}))


def _reasons(problem: ValidationError) -> str:
    """Each bad field and why, without its value."""
    found = problem.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in found[:20])


def _failure(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> Response:
    return _json({"success": False, "error": message, "code": code}, status, headers)


def _answer(result: Result) -> models.InvokeAnswer:
    return models.InvokeAnswer.model_validate(result)


def _model(answer: BaseModel, status: int = 200) -> Response:
    text = answer.model_dump_json()
    return Response(text, status, {"cache-control": "no-store"}, "application/json")


def _json(
    answer: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    text = json.dumps(answer, ensure_ascii=False, default=str)
    return Response(
        text, status, {"cache-control": "no-store", **(headers or {})}, "application/json"
    )
