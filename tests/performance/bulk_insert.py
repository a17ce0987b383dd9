"""insert-ppu-data, in the image that ships, against a bare COPY and a bare INSERT.

    python -m tests.performance.bulk_insert     → build/bench.json ("inserts") and a table

An object of 100,000 treatments goes from S3 through the function's container into the table:
download, parsing, validation, ids and all. In the same run the same rows go by bare binary COPY
into a table just like it: from Python objects, as psycopg has it, and from bytes made beforehand,
which is as fast as PostgreSQL takes them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import boto3
from db_migrate import logins
from fleet import environments
from fleet.images import bake
from fleet.project import Project
from insert_ppu_data import rows
from insert_ppu_data.ndjson import parse
from insert_ppu_data.treatment import record_id, timestamp
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.table import Table

from tests.kit.database_server import PASSWORD, Server, database_server
from tests.kit.program import ROOT
from tests.kit.services import free_port, local_aws
from tests.performance import results, treatments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTION: Final = "insert-ppu-data"
COUNT: Final = 100_000
ROUNDS: Final = 5
RATIO: Final = 0.5  # of the bare COPY's rate
OVERHEAD_MS: Final = 2.0
BUCKET: Final = "bench-treatments"
SECRET: Final = "bench-database"
KEY: Final = "treatments/bench.ndjson"
_COPY: Final = (
    'COPY bare (id, patient_id, treatment_data, "timestamp", environment)'
    " FROM STDIN (FORMAT binary)"
)


def run(project: Project) -> dict[str, Any]:
    """Build the image and measure it."""
    architecture = environments.load(project, "local").architecture
    bake.build(project, [FUNCTION], tag="bench", architecture=architecture)
    # With disks as they are: the bare COPY waits for them as well.
    with local_aws() as endpoint, database_server("fsync=on") as server:
        lines = treatments.lines(COUNT)
        _fill(endpoint, b"".join(lines))
        variables = _variables(endpoint, server)
        with _container(project, variables) as invoke:
            return {
                "bulk": _bulk(server, lines, invoke),
                "single": _single(project, server, variables),
            }


def _fill(endpoint: str, content: bytes) -> None:
    session = boto3.Session("test", "test", region_name="us-east-1")
    login = json.dumps({"username": logins.APP, "password": PASSWORD})
    secrets = session.client("secretsmanager", endpoint_url=endpoint)
    secrets.create_secret(Name=SECRET, SecretString=login)
    s3 = session.client("s3", endpoint_url=endpoint)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)


def _variables(endpoint: str, server: Server) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        # The function's own is 6 s; a busy machine may be measured all the same.
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
        "ENVIRONMENT": "local",
        "DB_SECRET_ARN": SECRET,
        "DB_ENDPOINT": "localhost",
        "DB_PORT": str(server.port),
        "DB_NAME": "postgres",
        "DB_CA": server.authority.read_text(encoding="utf-8"),
        "TREATMENT_BUCKET": BUCKET,
    }


@contextmanager
def _container(project: Project, variables: dict[str, str]) -> Iterator[Callable[[Any], Any]]:
    """The function under Lambda's emulator; gives what invokes it."""
    port, runtime_api = free_port(), free_port()
    name = f"bench-{uuid.uuid4().hex[:8]}"
    emulator = project.state / "context" / "rie" / "aws-lambda-rie"
    _docker(
        "run", "--detach", "--rm", "--name", name, "--network", "host", "--read-only",
        "--tmpfs", "/tmp", *_given(variables),  # noqa: S108 - the container's own
        "--volume", f"{emulator}:/rie:ro", "--entrypoint", "/rie", _image(project),
        "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{runtime_api}",
        "/usr/local/bin/python3", "-m", "awslambdaric", "lambda_function.handler",
    )  # fmt: skip
    try:
        yield partial(_invoke, f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations")
    finally:
        _docker("rm", "--force", name)


def _invoke(url: str, event: Any) -> dict[str, Any]:
    body = json.dumps(event).encode()
    for _ in range(100):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as answer:
                return dict(json.load(answer))
        except ConnectionError:
            time.sleep(0.1)  # the emulator is about to start
    raise RuntimeError("the emulator does not answer")


def _bulk(server: Server, lines: list[bytes], invoke: Callable[[Any], Any]) -> dict[str, Any]:
    ready = [parse(line, 0) for line in lines]
    objects = [
        (uuid.UUID(record_id(row)), row.patient_id, Jsonb(json.loads(row.data)), timestamp(row),
         "local")
        for row in ready
    ]  # fmt: skip
    pieces = [rows.encoded(ready[at : at + 800], b"local") for at in range(0, len(ready), 800)]
    ways: dict[str, Callable[[], float]] = {
        "bare_copy": lambda: _bare(server, partial(_write_rows, objects)),
        "bare_copy_of_bytes": lambda: _bare(server, partial(_write_bytes, pieces)),
        "function": lambda: _through(server, invoke, inserted=COUNT),
        "function_same_again": lambda: _through(server, invoke, inserted=0),
    }
    with server.admin() as admin:
        admin.execute("CREATE TABLE bare (LIKE ppu_treatments INCLUDING ALL)")
    invoke({"test": True})
    seconds = [{name: way() for name, way in ways.items()} for _ in range(ROUNDS)]
    median = {name: statistics.median(s[name] for s in seconds) for name in ways}
    ratio = _ratio(seconds, "bare_copy")
    return {
        "rows": COUNT,
        "bytes": sum(map(len, lines)),
        "seconds": {name: round(value, 2) for name, value in median.items()},
        "rows_per_second": {name: round(COUNT / value) for name, value in median.items()},
        "of_bare_copy": round(ratio, 2),
        "samples": [round(s["bare_copy"] / s["function"], 3) for s in seconds],
        "of_bare_copy_of_bytes": round(_ratio(seconds, "bare_copy_of_bytes"), 2),
        "budget": RATIO,
        "within_budget": ratio >= RATIO,
    }


def _ratio(seconds: list[dict[str, float]], bare: str) -> float:
    """The function's rate against another's, in the same minute: the median of the rounds."""
    return statistics.median(s[bare] / s["function"] for s in seconds)


def _bare(server: Server, write: Callable[[Any], None]) -> float:
    """Seconds for all rows in one transaction."""
    with server.admin() as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE bare")
        cursor.execute("CHECKPOINT")
        began = time.perf_counter()
        with cursor.copy(_COPY) as copy:
            write(copy)
        return time.perf_counter() - began


def _write_rows(objects: list[tuple[Any, ...]], copy: Any) -> None:
    copy.set_types(["uuid", "text", "jsonb", "timestamptz", "text"])
    for row in objects:
        copy.write_row(row)


def _write_bytes(pieces: list[bytes], copy: Any) -> None:
    for piece in (rows.HEADER, *pieces, rows.TRAILER):
        copy.write(piece)


def _through(server: Server, invoke: Callable[[Any], Any], inserted: int) -> float:
    """Seconds for one call that stores the whole object."""
    if inserted:
        server.empty()
    with server.admin() as connection:
        connection.execute("CHECKPOINT")
    began = time.perf_counter()
    answer = invoke({"object": {"key": KEY}})
    seconds = time.perf_counter() - began
    body = json.loads(answer["body"])
    if body.get("inserted") != inserted or len(server.rows()) != COUNT:
        raise RuntimeError(f"the function did not store the object: {body}")
    return seconds


def _single(project: Project, server: Server, variables: dict[str, str]) -> dict[str, Any]:
    server.empty()
    printed = _docker(
        "run", "--rm", "--network", "host", *_given(variables),
        "--volume", f"{ROOT / 'tests/performance/insert_probe.py'}:/probe.py:ro",
        "--entrypoint", "/usr/local/bin/python3", _image(project), "/probe.py",
    )  # fmt: skip
    figures: dict[str, float] = json.loads(printed.splitlines()[-1])
    overhead = figures["handler_p50_ms"] - figures["bare_p50_ms"]
    return {
        **figures,
        "overhead_p50_ms": round(overhead, 2),
        "budget_ms": OVERHEAD_MS,
        "within_budget": overhead < OVERHEAD_MS,
    }


def _given(variables: dict[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in variables.items()]


def _image(project: Project) -> str:
    return f"{project.name}/{FUNCTION}:bench"


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]} failed: {done.stderr}")
    return done.stdout


def show(report: dict[str, Any]) -> None:
    """Print what was measured."""
    bulk, single = report["bulk"], report["single"]
    table = Table("insert", "rows a second", "seconds", title=f"{bulk['rows']} treatments")
    for name, rate in bulk["rows_per_second"].items():
        table.add_row(name.replace("_", " "), f"{rate:,}", f"{bulk['seconds'][name]:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"the function reaches {bulk['of_bare_copy']:.0%} of the bare COPY (budget {RATIO:.0%}), "
        f"and {bulk['of_bare_copy_of_bytes']:.0%} of one whose bytes were made beforehand"
    )
    console.print(
        f"one treatment: {single['handler_p50_ms']} ms by the handler, {single['bare_p50_ms']} ms "
        f"by SQL alone: {single['overhead_p50_ms']} ms above (budget {OVERHEAD_MS})"
    )


def main() -> None:
    """Measure, add to build/bench.json, show; exit 1 when a budget is missed."""
    project = Project(ROOT)
    report = {"measured": datetime.now().astimezone().isoformat(), **run(project)}
    results.keep("inserts", report)
    show(report)
    held = report["bulk"]["within_budget"] and report["single"]["within_budget"]
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
