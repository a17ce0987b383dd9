"""A function with a database reaches that database and AWS's endpoints, and nothing else.

The VPC is a Docker network without a way out, with the database in it; the endpoints are a
forwarder to a local AWS on the network's own gateway, as interface endpoints are addresses in the
subnets. The image is the one that is shipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from fleet import environments
from fleet.images import bake
from fleet.project import Project
from fleet.stack import postgres as stack_postgres
from fleet.stack.postgres import AUTHORITY, HOST, Postgres
from function_kit import expectations

from tests.kit.images import docker
from tests.kit.program import ROOT
from tests.kit.services import free_port, local_aws

pytestmark = pytest.mark.engine
PROJECT = Project(ROOT)
SCRATCH = "/tmp"  # noqa: S108 - what Lambda leaves writable
SCRIPT = """
import json, os, socket, sys
class Context:
    function_name, function_version, aws_request_id = "db-migrate", "1", "id"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:db-migrate:live"
    def get_remaining_time_in_millis(self): return 60000
from lambda_function import handler
answers = {name: handler(event, Context()) for name, event in json.loads(sys.argv[1]).items()}
def reach(host, port):
    try:
        socket.create_connection((host, port), 1.5).close()
    except OSError as error:
        return type(error).__name__
    return "connected"
reached = {f"{host}:{port}": reach(host, port) for host, port in json.loads(sys.argv[2])}
print("RESULT " + json.dumps({"answers": answers, "reached": reached}))
"""


@dataclass(frozen=True)
class Vpc:
    """What is inside, and what is outside of it."""

    network: str
    gateway: str
    endpoint: str
    secret: dict[str, str]
    authority: Path
    outside: str
    dsn: str
    stranger: tuple[str, int]


def network(*options: str) -> str:
    name = f"reach-{uuid.uuid4().hex[:8]}"
    docker("network", "create", *options, name)
    return name


def gateway_of(name: str) -> str:
    return docker(
        "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", name
    ).strip()


def address_of(container: str) -> str:
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return docker("inspect", "--format", template, container).strip()


@pytest.fixture(scope="module")
def image() -> str:
    architecture = environments.load(PROJECT, "local").architecture
    bake.build(PROJECT, ["db-migrate"], tag="test-reach", architecture=architecture)
    return f"{PROJECT.name}/db-migrate:test-reach"


@pytest.fixture(scope="module")
def vpc(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vpc]:
    inside, outside = network("--internal"), network()
    folder = tmp_path_factory.mktemp("authority")
    folder.chmod(0o755)
    base = bake.base_images(PROJECT)["POSTGRES_IMAGE"]
    database = Postgres(f"{inside}-database", inside, free_port(), base, folder)
    stranger = f"{outside}-stranger"
    gateway = gateway_of(inside)
    with local_aws() as endpoint:
        port = int(endpoint.rpartition(":")[2])
        forwarder = subprocess.Popen(
            [sys.executable, "-m", "fleet.stack.forward", gateway, str(port)]
        )
        try:
            database.start("of-the-superuser")
            docker(
                "run", "--detach", "--name", stranger, "--network", outside,
                "--entrypoint", "python3", image, "-m", "http.server", "8000",
            )  # fmt: skip
            dsn = f"postgresql://postgres:of-the-superuser@{address_of(database.name)}/postgres"
            yield Vpc(
                inside, gateway, f"http://{gateway}:{port}", secrets(endpoint, database, inside),
                database.authority, outside, dsn, (address_of(stranger), 8000),
            )  # fmt: skip
        finally:
            forwarder.terminate()
            forwarder.wait()
            docker("rm", "--force", "--volumes", database.name, stranger)
            docker("network", "rm", inside, outside)


def secrets(endpoint: str, database: Postgres, inside: str) -> dict[str, str]:
    """The fleet's database, made as its owner would, and its logins' secrets."""
    client = boto3.client(
        "secretsmanager", region_name="us-east-1", endpoint_url=endpoint,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip
    arns = {
        login: client.create_secret(Name=f"{inside}-{login}")["ARN"] for login in ("admin", "app")
    }
    address = address_of(database.name)
    dsn = f"postgresql://postgres:of-the-superuser@{address}/postgres"
    passwords = {"admin": "of-the-admin", "app": "of-the-app"}
    for _ in range(2):  # as after a bootstrap that was killed in the middle
        stack_postgres.prepare(dsn, client, arns, passwords)
    return arns


def run(
    vpc: Vpc, image: str, net: str, targets: list[tuple[str, int]], *, by_password: bool = True
) -> Any:
    """Invoke the image's handler in a network, and try to connect to some targets from there."""
    variables = {
        "ENVIRONMENT": "local", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": vpc.endpoint,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "DB_ENDPOINT": HOST, "DB_NAME": stack_postgres.DATABASE, "DB_CA": AUTHORITY,
        "DB_SECRET_ARN": vpc.secret["admin"], "DB_APP_SECRET_ARN": vpc.secret["app"],
    }  # fmt: skip
    if not by_password:  # on RDS functions log in by IAM, and have no secret
        del variables["DB_APP_SECRET_ARN"]
    given = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    events = (
        {"smoke": {"test": True}, "migrate": {"action": "migrate"}} if net == vpc.network else {}
    )
    out = docker(
        "run", "--rm", "--network", net, "--read-only", "--tmpfs", SCRATCH,
        "--volume", f"{vpc.authority}:{AUTHORITY}:ro", *given, "--entrypoint", "python3",
        image, "-c", SCRIPT, json.dumps(events), json.dumps(targets),
    )  # fmt: skip
    line = next(line for line in out.splitlines() if line.startswith("RESULT "))
    return json.loads(line.removeprefix("RESULT "))


def test_it_works_there_and_reaches_nothing_but_the_database_and_the_endpoint(
    vpc: Vpc, image: str
) -> None:
    port = int(vpc.endpoint.rpartition(":")[2])
    allowed = [(HOST, 5432), (vpc.gateway, port)]
    forbidden = [
        vpc.stranger,  # a container of another network
        (vpc.gateway, 22), (vpc.gateway, 80), (vpc.gateway, 443), (vpc.gateway, port + 1),
        ("127.0.0.1", port),  # what listens on the machine's loopback
        ("169.254.169.254", 80),  # the metadata service
        ("1.1.1.1", 443), ("8.8.8.8", 53), ("192.0.2.1", 80),
        ("example.com", 443), ("pypi.org", 443),
        ("10.0.0.1", 443), ("10.255.255.1", 80),
    ]  # fmt: skip
    found = run(vpc, image, vpc.network, [*allowed, *forbidden])
    assert found["answers"]["smoke"]["checks"] == {"database": "ok", "login of functions": "ok"}
    assert found["answers"]["migrate"]["pending"] == []
    connected = {target for target, how in found["reached"].items() if how == "connected"}
    assert connected == {f"{host}:{port}" for host, port in allowed}
    assert len(found["reached"]) == len(allowed) + len(forbidden)


@pytest.mark.parametrize("by_password", [True, False])
def test_a_release_takes_its_smoke_event_however_functions_log_in(
    vpc: Vpc, image: str, by_password: bool
) -> None:
    with psycopg.connect(vpc.dsn, autocommit=True) as connection:
        known = "SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'"
        if not connection.execute(known).fetchone():
            connection.execute("CREATE ROLE rds_iam")
            connection.execute(f"GRANT rds_iam TO {stack_postgres.ADMIN} WITH ADMIN OPTION")
    answers = run(vpc, image, vpc.network, [], by_password=by_password)["answers"]
    for name, answer in answers.items():
        sample = PROJECT.event("db-migrate", name)
        assert expectations.refusal(answer, None, sample.expect, name) is None


def test_the_same_image_in_an_open_network_reaches_the_stranger(vpc: Vpc, image: str) -> None:
    """So that the test above could fail."""
    deadline = time.monotonic() + 10
    reached = ""
    while reached != "connected" and time.monotonic() < deadline:
        found = run(vpc, image, vpc.outside, [vpc.stranger])
        reached = found["reached"][f"{vpc.stranger[0]}:{vpc.stranger[1]}"]
    assert reached == "connected"
