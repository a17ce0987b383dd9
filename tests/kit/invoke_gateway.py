"""The invoke gateway as it is deployed: its own processes, a stand-in for Lambda, a PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from function_kit import passwords

from tests.kit.database_server import PASSWORD, Server
from tests.kit.services import free_port, until_healthy

KEY = "a-key-that-is-only-for-tests-" + "0123456789" * 4
SECRET = "a-client's-secret-that-is-only-for-tests"


@dataclass(frozen=True)
class Running:
    """A gateway that runs, and what is around it."""

    process: subprocess.Popen[bytes]
    rest: str
    grpc: str
    lambda_api: str

    def token(self, client_id: str = "ada", secret: str = SECRET) -> str:
        """A new token."""
        answer = httpx.post(
            f"{self.rest}/api/v1/token", json={"client_id": client_id, "client_secret": secret}
        )
        answer.raise_for_status()
        return str(answer.json()["token"])

    def http(self, token: str = "", **options: Any) -> httpx.Client:
        """A client of the REST side."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.rest, headers=headers, timeout=30, **options)

    def invoked(self) -> dict[str, int]:
        """How often each function was invoked, as Lambda counted."""
        return dict(httpx.get(f"{self.lambda_api}/__ledger").json()["invocations"])


@contextlib.contextmanager
def gateway(database: str | Server, **variables: str) -> Iterator[Running]:
    """Run it.

    Args:
        database: libpq's URL of one that has the fleet's schema, or the server itself.
        variables: Settings beside those for tests.
    """
    rest, grpc = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "local",
        "LOG_LEVEL": "WARNING",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "MODULE_SECRET_KEY": KEY,
        "DATABASE_URL": database if isinstance(database, str) else url(database),
        "REST_PORT": str(rest),
        "GRPC_PORT": str(grpc),
        "PROCESSES": "1",
        **{name: os.environ[name] for name in os.environ if name.startswith("COVERAGE")},
    }
    serve = [sys.executable, "-m", "lambda_action.serve"]
    with lambda_api() as endpoint:
        environment["AWS_ENDPOINT_URL_LAMBDA"] = endpoint
        with started(serve, environment | variables) as process:
            until_healthy(f"http://127.0.0.1:{rest}/ready")
            yield Running(process, f"http://127.0.0.1:{rest}", f"127.0.0.1:{grpc}", endpoint)


@contextlib.contextmanager
def lambda_api() -> Iterator[str]:
    """A stand-in for Lambda's API; its endpoint."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    api = [sys.executable, "-m", "standins.lambda_api", "--port", str(port)]
    with started(api, os.environ | {}):
        until_healthy(f"{endpoint}/__ledger")
        yield endpoint


@contextlib.contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended when the block is left."""
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def url(server: Server) -> str:
    """The connection string of the gateway's own login."""
    return (
        f"postgresql://fleet_gateway:{PASSWORD}@localhost:{server.port}/postgres"
        f"?sslmode=verify-full&sslrootcert={server.authority}"
    )


def add_client(
    server: Server, client_id: str = "ada", prefixes: list[str] | None = None, rate: float = 0
) -> None:
    """Let a client in, whose secret is `SECRET`."""
    with server.admin() as connection:
        connection.execute(
            "INSERT INTO gateway_clients (client_id, secret_hash, prefixes, rate)"
            " VALUES (%s, %s, %s, %s)",
            (client_id, passwords.hashed(SECRET), prefixes or [], rate),
        )


def audited(server: Server) -> list[dict[str, Any]]:
    """Every row of the audit, in the order of invocation."""
    with server.admin() as connection:
        cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
        return cursor.execute("SELECT * FROM lambda_invocations ORDER BY invoked_at").fetchall()
