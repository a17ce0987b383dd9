"""The world around scheduled-digest: the stand-ins, a real ledger, and who goes on after a run."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
from function_kit import http
from function_kit.signed_api import SignedApi
from scheduled_digest.ledger import Ledger
from standins import backend as backend_standin
from standins import serving
from standins import supabase as supabase_standin
from standins.behaviour import Script
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tests.kit import secret_clients
from tests.kit.invoke import LambdaContext
from tests.kit.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from starlette.requests import Request

KEY = "service-role-key-of-the-test"
FUNCTION = "lambda-fleet-local-scheduled-digest"


@contextlib.contextmanager
def _closing(owner: Any, name: str) -> Iterator[None]:
    """Close in the end whatever a function returns meanwhile: Lambda just drops it."""
    made: list[Any] = []
    real = getattr(owner, name)

    def recording(*arguments: Any, **options: Any) -> Any:
        made.append(real(*arguments, **options))
        return made[-1]

    try:
        with mock.patch.object(owner, name, recording):
            yield
    finally:
        for opened in made:
            opened.close()


class Lambda:
    """Stands in for Lambda's Invoke: keeps what is handed over, so that a test can go on with it.

    Attributes:
        events: Asynchronous invocations taken, oldest first: `{function, qualifier, event}`.
        refuse: The status of every answer from now on, when set.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.refuse: int | None = None

    def application(self) -> Starlette:
        path = "/2015-03-31/functions/{name}/invocations"
        return Starlette(routes=[Route(path, self._invoke, methods=["POST"])])

    async def _invoke(self, request: Request) -> Response:
        if self.refuse:
            headers = {"x-amzn-errortype": "AccessDeniedException"}
            return Response('{"Message": "no"}', status_code=self.refuse, headers=headers)
        if request.headers["x-amz-invocation-type"] == "DryRun":
            return Response(status_code=204)
        name, _, qualifier = request.path_params["name"].partition(":")
        event = await request.json()
        self.events.append({"function": name, "qualifier": qualifier, "event": event})
        return Response(status_code=202)


@dataclass
class World:
    """Everything the function talks to, and where to look what it did."""

    supabase: supabase_standin.Supabase
    backend: backend_standin.Backend
    successor: Lambda
    variables: dict[str, str]
    table: str = ""
    dynamodb: Any = None
    _clients: list[Any] = field(default_factory=list)

    def reset(self) -> None:
        """Empty, well-behaved, and with a ledger of its own."""
        self.supabase.run("TRUNCATE monitors")
        self.supabase.key, self.supabase.faults = KEY, []
        self.supabase.max_rows = 1000
        self.supabase.requests.clear()
        self.backend.reset(Script())
        self.successor.events.clear()
        self.successor.refuse = None
        self.close()
        self.table = f"ledger-{uuid.uuid4().hex[:12]}"
        self.dynamodb = self.client("dynamodb")
        self.dynamodb.create_table(
            TableName=self.table,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def client(self, service: str) -> Any:
        """A client of the local AWS, closed with the test."""
        client = botocore.session.get_session().create_client(
            service,
            region_name=self.variables["AWS_REGION"],
            endpoint_url=self.variables["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close the clients that were made."""
        while self._clients:
            self._clients.pop().close()

    def environment(self, **changes: object) -> dict[str, str]:
        """The function's variables."""
        named = {name: str(value) for name, value in changes.items()}
        return self.variables | {"DIGEST_LEDGER_TABLE": self.table} | named

    def behave(self, *rules: dict[str, Any], **settings: Any) -> None:
        """Script the backend."""
        script = {"rules": list(rules), **settings}
        self.backend.reset(Script.model_validate_json(json.dumps(script)))

    def delivered(self) -> list[str]:
        """The repositories of the digests delivered, sorted."""
        return sorted(item["repo"] for item in self.backend.deliveries)

    def sent_keys(self) -> list[str]:
        """The Idempotency-Key of each delivery."""
        return [item["key"] for item in self.backend.deliveries]

    @contextlib.contextmanager
    def function(self, **changes: object) -> Iterator[Function]:
        """The function in this process, cold, with changed variables."""
        with self._credentials(**changes), _closing(http, "client"):
            secret_clients.forget()
            module = importlib.import_module("scheduled_digest.handler")
            # Again, for the module may have been loaded with other variables.
            yield Function(self, importlib.reload(module).handler)

    @contextlib.contextmanager
    def ledger(self, clock: Callable[[], float]) -> Iterator[Ledger]:
        """The function's ledger by itself, with a clock of the test's."""
        with self._credentials():
            yield Ledger(SignedApi("dynamodb"), self.table, clock=clock)

    @contextlib.contextmanager
    def _credentials(self, **changes: object) -> Iterator[None]:
        with (
            mock.patch.dict(os.environ, self.environment(**changes)),
            _closing(SignedApi, "_connection"),
        ):
            yield

    def process(self, **changes: object) -> Process:
        """The function in a process of its own."""
        return Process("scheduled_digest.handler", self.environment(**changes))


@dataclass
class Function:
    """A handler, called as Lambda calls it."""

    world: World
    handler: Any

    def __call__(
        self, event: dict[str, Any], *, request_id: str | None = None, **context: Any
    ) -> dict[str, Any]:
        made = LambdaContext(function_name=FUNCTION, **context)
        made.aws_request_id = request_id or made.aws_request_id
        answer: dict[str, Any] = self.handler(event, made)
        return answer

    def chain(self, event: dict[str, Any], **context: Any) -> list[dict[str, Any]]:
        """Invoke, then go on with every continuation, one after the other."""
        answers = [self(event, **context)]
        while self.world.successor.events:
            answers.append(self(self.world.successor.events.pop(0)["event"], **context))
        return answers


def lines(output: str) -> list[dict[str, Any]]:
    """What was logged, without the metrics."""
    parsed = [json.loads(line) for line in output.splitlines()]
    return [line for line in parsed if "event" in line]


def metrics(output: str) -> dict[str, float]:
    """The sum of each metric that was reported."""
    total: dict[str, float] = {}
    for line in map(json.loads, output.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                total[metric["Name"]] = total.get(metric["Name"], 0) + line[metric["Name"]]
    return total


def monitor(identity: UUID, repo: str, **columns: Any) -> dict[str, Any]:
    """A row of the table, valid unless `columns` say otherwise."""
    return {
        "id": str(identity),
        "repo": repo,
        "delivery_method": "slack",
        "webhook_url": "https://hooks.slack.com/services/T000/B000/notforthelogs",
        "frequency": "daily",
    } | columns


@contextlib.contextmanager
def world(postgres_dsn: str, aws_endpoint: str) -> Iterator[World]:
    """Start the stand-ins."""
    supabase = supabase_standin.Supabase(postgres_dsn, KEY)
    backend, successor = backend_standin.Backend(), Lambda()
    with (
        serving.running(supabase_standin.application(supabase)) as supabase_url,
        serving.running(backend_standin.application(backend)) as backend_url,
        serving.running(successor.application()) as lambda_url,
    ):
        variables = {
            "ENVIRONMENT": "local",
            "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": aws_endpoint,
            "AWS_ENDPOINT_URL_LAMBDA": lambda_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "SUPABASE_URL": supabase_url,
            "SUPABASE_SERVICE_ROLE_KEY": KEY,
            "BACKEND_DIGEST_ENDPOINT": f"{backend_url}/api/v1/digest",
            # As fast as it can, so that only the tests of the rate wait for it.
            "DIGEST_RATE_PER_MINUTE": "60000",
            "DIGEST_CALL_TIMEOUT": "0.5",
            "DIGEST_RESERVE": "0.5",
        }
        made = World(supabase, backend, successor, variables)
        yield made
        made.close()
        supabase.close()
