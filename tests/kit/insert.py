"""insert-ppu-data in this process: its handler with settings, a database and S3 of a test's own."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from db_migrate import logins

from tests.kit import secret_clients
from tests.kit.database_server import PASSWORD, Server
from tests.kit.invoke import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "lambda-fleet-test-treatments"
SECRET = "lambda-fleet-test-database-app"
SECONDS = 6.0  # the function's timeout
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    # What the handler's module wants when it is imported; tests give it others.
    "ENVIRONMENT": "local",
    "DB_SECRET_ARN": SECRET,
    "TREATMENT_BUCKET": BUCKET,
}
_numbers = itertools.count()


@dataclass
class Answer:
    """What an invocation brought.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        body: Parsed.
        seconds: How long it took.
    """

    status: int
    headers: dict[str, str]
    body: dict[str, Any]
    seconds: float


class Function:
    """One execution environment after the other, all with the same variables."""

    def __init__(self, server: Server, s3: Any) -> None:
        """Make the function that stores in this database what it is sent or finds in S3."""
        self.handler: Any = importlib.import_module("insert_ppu_data.handler")
        self.server = server
        self.s3 = s3
        self._environments: list[Any] = []
        self.settings = self.fresh()

    def fresh(self) -> Any:
        """Settings of an environment that holds no connection yet.

        Environments are told apart by their settings; this makes a difference that does not matter.
        """
        settings = importlib.import_module("insert_ppu_data.settings").TreatmentSettings
        made = settings(
            environment="local",
            db_secret_arn=SECRET,
            db_endpoint="localhost",
            db_port=self.server.port,
            db_name="postgres",
            db_ca=str(self.server.authority),
            db_idle_seconds=1 + next(_numbers) / 10_000,
            treatment_bucket=BUCKET,
        )
        self._environments.append(made)
        return made

    def __call__(self, event: Any, settings: Any = None, seconds: float = SECONDS) -> Answer:
        """Invoke it once, as Lambda does."""
        context = LambdaContext(seconds=seconds)
        answer = self.handler.handler.__wrapped__(event, context, settings or self.settings)
        taken = seconds - context.get_remaining_time_in_millis() / 1000
        return Answer(
            answer["statusCode"], answer.get("headers", {}), json.loads(answer["body"]), taken
        )

    def upload(self, key: str, bucket: str = BUCKET, **told: str) -> Any:
        """Invoke it with S3's event for an object, of which it tells more; an error is raised."""
        records = [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": {"key": key, **told}},
            }
        ]
        context = LambdaContext(seconds=SECONDS)
        return self.handler.handler.__wrapped__({"Records": records}, context, self.settings)

    def end(self, settings: Any) -> None:
        """End an environment."""
        self.handler._postgres(settings).close()
        self.handler._objects(settings).close()

    def close(self) -> None:
        """End all environments."""
        for settings in self._environments:
            self.end(settings)


@contextlib.contextmanager
def surroundings(endpoint: str) -> Iterator[Any]:
    """The bucket, the secret and the variables; gives botocore's S3 client."""
    with mock.patch.dict("os.environ", VARIABLES | {"AWS_ENDPOINT_URL": endpoint}):
        session = boto3.Session()
        login = {"username": logins.APP, "password": PASSWORD}
        session.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(login))
        s3 = session.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield s3
        secret_clients.forget()
