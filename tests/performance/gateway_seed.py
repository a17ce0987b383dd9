"""The same job as it is commonly done, to measure the gateway against: Quart on hypercorn.

boto3 in the default executor, PyJWT, and one INSERT for each request before it is answered. It
answers POST /api/v1/invoke, as the gateway does, with the same checks of token and name.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import boto3
import jwt
import psycopg
import psycopg_pool
from hypercorn.config import Config
from quart import Quart, request

app = Quart(__name__)
KEY = os.environ.get("MODULE_SECRET_KEY", "")
PREFIX = "waddlebot-"
INSERT = """
    INSERT INTO lambda_invocations (id, client_id, function_name, invocation_type, payload, alias,
        version, status_code, response_payload, function_error, executed_version, request_id,
        success, error_message, invoked_at, completed_at)
    VALUES (gen_random_uuid(), %s, %s, 'RequestResponse', %s, '', '', %s, %s, '', %s, %s, true, '',
        %s, now())
"""
_state: dict[str, Any] = {}


@app.before_serving
async def start() -> None:
    """Open what requests share."""
    _state["lambda"] = boto3.client("lambda", region_name="us-east-1")
    pool: psycopg_pool.AsyncConnectionPool[psycopg.AsyncConnection] = (
        psycopg_pool.AsyncConnectionPool(
            os.environ["DATABASE_URL"], min_size=10, max_size=10, open=False
        )
    )
    await pool.open()
    _state["pool"] = pool


@app.get("/ready")
async def ready() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ready"}


@app.post("/api/v1/invoke")
async def invoke() -> Any:
    """Check the token, invoke, write the audit, answer."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        return {"success": False, "error": f"Invalid token: {error}"}, 401
    body = await request.get_json()
    name = body["function_name"]
    if not name.startswith(PREFIX):
        return {"success": False, "error": "not allowed"}, 403
    started = datetime.now(UTC)
    loop = asyncio.get_running_loop()
    answer = await loop.run_in_executor(None, _invoke, name, body.get("payload", ""))
    async with _state["pool"].connection() as connection:
        await connection.execute(
            INSERT,
            (claims["client_id"], name, body.get("payload", ""), answer["status_code"],
             answer["payload"], answer["executed_version"], answer["request_id"], started),
        )  # fmt: skip
    return {"success": True, **answer}


def _invoke(name: str, payload: str) -> dict[str, Any]:
    answer = _state["lambda"].invoke(
        FunctionName=name,
        Payload=payload.encode(),
        LogType="Tail",
        InvocationType="RequestResponse",
    )
    return {
        "status_code": answer["StatusCode"],
        "payload": answer["Payload"].read().decode(),
        "executed_version": answer.get("ExecutedVersion", ""),
        "log_result": answer.get("LogResult", ""),
        "request_id": answer["ResponseMetadata"]["RequestId"],
    }


def main() -> None:
    """Serve with two processes, as the gateway does."""
    from hypercorn.run import run  # noqa: PLC0415

    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['REST_PORT']}"]
    config.workers = int(os.environ.get("PROCESSES", "2"))
    config.application_path = "tests.performance.gateway_seed:app"
    config.loglevel = "ERROR"
    config.backlog = 4096
    run(config)


if __name__ == "__main__":
    main()
