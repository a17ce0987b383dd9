"""A stand-in for Supabase: PostgREST's dialect over a real PostgreSQL, behind an API key.

    python -m standins.supabase --port 54321

Environment: `STANDIN_DATABASE_URL` (a libpq DSN), `SUPABASE_SERVICE_ROLE_KEY` (the key that is
valid at the start) and `STANDIN_MAX_ROWS` (1000, the cap of a page).

For tests, and reachable without a key: `PUT /__control/key` rotates the key, `PUT
/__control/faults` sets answers that go wrong, `POST /__control/monitors` adds rows, `DELETE
/__control/monitors` takes all out, `GET /__ledger` lists the requests. `GET /health` answers 200
when the database does.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
from pydantic import BaseModel, TypeAdapter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from standins import monitors, serving
from standins.postgrest import PostgrestError, Query, parse

if TYPE_CHECKING:
    from starlette.requests import Request

_HTTP_STATUS = {"42P01": 404, "42501": 403, "57014": 500}
_UNAVAILABLE = ("08", "53", "57P")


class Fault(BaseModel):
    """An answer that goes wrong.

    Attributes:
        method: Which requests: the HTTP method.
        status: The status to answer with.
        skip: How many requests it lets through first.
        times: How many requests it hits then; None is all of them.
        applied: Whether the request is carried out all the same before the error is sent.
    """

    method: str
    status: int = 500
    skip: int = 0
    times: int | None = None
    applied: bool = False


class Supabase:
    """The stand-in's state: database connection, key, faults and ledger."""

    def __init__(self, dsn: str, service_role_key: str, max_rows: int = 1000) -> None:
        """Keep the settings; the connection is opened at the first request.

        Args:
            dsn: libpq's connection string.
            service_role_key: The key that callers must send.
            max_rows: Rows of a page at most, whatever `limit` says.
        """
        self.key = service_role_key
        self.max_rows = max_rows
        self.faults: list[Fault] = []
        self.requests: list[dict[str, Any]] = []
        self._dsn = dsn
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def run(self, statement: Any) -> psycopg.Cursor[Any]:
        """Execute one statement and return its cursor."""
        with self._lock:
            return self._connected().execute(statement)

    def add_monitors(self, rows: list[dict[str, Any]]) -> int:
        """Create the table unless it is there, and add rows."""
        with self._lock:
            return monitors.insert(self._connected(), rows)

    def close(self) -> None:
        """Close the database connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
            monitors.create(self._connection)
        return self._connection

    def fault_for(self, request: Request) -> Fault | None:
        """The fault that hits this request, counted down."""
        for fault in self.faults:
            if fault.method != request.method or fault.times == 0:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times = None if fault.times is None else fault.times - 1
            return fault
        return None


def application(supabase: Supabase) -> Starlette:
    """The ASGI application around `supabase`."""

    def rest(request: Request) -> Response:
        response = _guarded(supabase, request)
        supabase.requests.append(
            {
                "at": time.time(),
                "method": request.method,
                "table": request.path_params["table"],
                "query": dict(request.query_params),
                "status": response.status_code,
            }
        )
        return response

    def health(_request: Request) -> Response:
        supabase.run("SELECT 1")
        return JSONResponse({"status": "ok"})

    def ledger(_request: Request) -> Response:
        return JSONResponse({"requests": supabase.requests})

    def clear(_request: Request) -> Response:
        supabase.run("TRUNCATE monitors")
        return Response(status_code=204)

    async def add(request: Request) -> Response:
        rows = await request.json()
        return JSONResponse({"added": await run_in_threadpool(supabase.add_monitors, rows)})

    async def key(request: Request) -> Response:
        supabase.key = str((await request.json())["service_role_key"])
        return Response(status_code=204)

    async def faults(request: Request) -> Response:
        supabase.faults = TypeAdapter(list[Fault]).validate_python(await request.json())
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/rest/v1/{table}", rest, methods=["GET", "HEAD", "DELETE"]),
            Route("/health", health),
            Route("/__ledger", ledger),
            Route("/__control/monitors", add, methods=["POST"]),
            Route("/__control/monitors", clear, methods=["DELETE"]),
            Route("/__control/key", key, methods=["PUT"]),
            Route("/__control/faults", faults, methods=["PUT"]),
        ]
    )


def _guarded(supabase: Supabase, request: Request) -> Response:
    """Check the key, then carry the request out, with every error in PostgREST's form."""
    try:
        _authenticate(supabase.key, request)
        fault = supabase.fault_for(request)
        if fault is None or fault.applied:
            response = _answer(supabase, request)
    except PostgrestError as error:
        return _error(error, request)
    except psycopg.Error as error:
        return _error(_from_database(error), request)
    if fault is not None:
        return _error(PostgrestError(fault.status, "XX000", "injected fault"), request)
    return response


def _authenticate(key: str, request: Request) -> None:
    """What Supabase's gateway checks (apikey), then what PostgREST does (the bearer token)."""
    apikey = request.headers.get("apikey")
    if apikey is None:
        hint = "No `apikey` request header or url param was found."
        raise PostgrestError(401, "", "No API key found in request", hint=hint)
    if not hmac.compare_digest(apikey.encode(), key.encode()):
        hint = "Double check your Supabase `anon` or `service_role` API key."
        raise PostgrestError(401, "", "Invalid API key", hint=hint)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise PostgrestError(401, "42501", "permission denied for table monitors")
    if not hmac.compare_digest(token.encode(), key.encode()):
        raise PostgrestError(401, "PGRST301", "JWSError JWSInvalidSignature")


def _answer(supabase: Supabase, request: Request) -> Response:
    table = request.path_params["table"]
    if table != monitors.TABLE:
        message = f"Could not find the table 'public.{table}' in the schema cache"
        raise PostgrestError(404, "PGRST205", message)
    query = parse(request.query_params.multi_items())
    counted = "count=exact" in _preferences(request)
    if request.method == "DELETE":
        return _delete(supabase, query, counted=counted)
    return _read(supabase, query, counted=counted, body=request.method == "GET")


def _preferences(request: Request) -> list[str]:
    return [
        part.strip() for value in request.headers.getlist("prefer") for part in value.split(",")
    ]


def _delete(supabase: Supabase, query: Query, *, counted: bool) -> Response:
    count = supabase.run(query.delete(monitors.TABLE)).rowcount
    applied = "return=minimal, count=exact" if counted else "return=minimal"
    headers = {"content-range": f"*/{count if counted else '*'}", "preference-applied": applied}
    return Response(status_code=204, headers=headers)


def _read(supabase: Supabase, query: Query, *, counted: bool, body: bool) -> Response:
    statement = query.select(monitors.TABLE, supabase.max_rows)
    page, rows = supabase.run(statement).fetchone() or ("[]", 0)
    total = supabase.run(query.count(monitors.TABLE)).fetchone() if counted else None
    items = f"{query.offset}-{query.offset + rows - 1}" if rows else "*"
    headers = {
        "content-range": f"{items}/{total[0] if total else '*'}",
        "content-type": "application/json; charset=utf-8",
    }
    partial = total is not None and rows < total[0]
    return Response(page if body else None, status_code=206 if partial else 200, headers=headers)


def _error(error: PostgrestError, request: Request) -> Response:
    # The gateway's own errors have no code.
    body = error.body if error.body["code"] else {k: error.body[k] for k in ("message", "hint")}
    headers = {"www-authenticate": "Bearer"} if error.body["code"] == "PGRST301" else None
    if request.method == "HEAD":
        return Response(status_code=error.status, headers=headers)
    return JSONResponse(body, status_code=error.status, headers=headers)


def _from_database(error: psycopg.Error) -> PostgrestError:
    """PostgreSQL's error with the HTTP status that PostgREST gives it."""
    state = error.sqlstate or "08000"
    status = 503 if state.startswith(_UNAVAILABLE) else _HTTP_STATUS.get(state, 400)
    diagnosis = error.diag
    message = diagnosis.message_primary or "the database cannot be reached"
    return PostgrestError(status, state, message, diagnosis.message_detail, diagnosis.message_hint)


def main() -> None:
    """Serve the stand-in as the environment says."""
    options = serving.arguments("A stand-in for Supabase.", port=54321).parse_args()
    supabase = Supabase(
        os.environ["STANDIN_DATABASE_URL"],
        os.environ["SUPABASE_SERVICE_ROLE_KEY"],
        int(os.environ.get("STANDIN_MAX_ROWS", "1000")),
    )
    serving.serve(application(supabase), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
