"""What the local stack holds so that functions have something to work on."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fleet.stack import messages, postgres

if TYPE_CHECKING:
    from fleet.environments import Environment
    from fleet.stack.local import LocalStack

SAMPLE_KEY = "device-logs/example.log"  # the object that sample events ask for
SAMPLE_OBJECT = b"2024-11-15T00:00:00Z d-1 started\n"
SAMPLE_TREATMENTS_KEY = "treatments/example.ndjson"


def prepare(stack: LocalStack, outputs: dict[str, Any]) -> None:
    """Set secrets, make the fleet's database, seed monitors, put a sample into the downloads."""
    # Slow to import, and every verb reads this module.
    import psycopg  # noqa: PLC0415
    from standins import monitors  # noqa: PLC0415

    environment = stack.environment
    web = f"http://host.docker.internal:{stack.instance.web_port}"
    messages.prepare(environment, outputs["messages"], web)
    environment.client("secretsmanager").put_secret_value(
        SecretId=outputs["digest"]["secret_arn"], SecretString=stack.key("supabase")
    )
    environment.client("s3").put_object(
        Bucket=outputs["buckets"]["downloads"], Key=SAMPLE_KEY, Body=SAMPLE_OBJECT
    )
    secrets = environment.client("secretsmanager")
    # Twice a random key: what signs tokens has 64 characters at least.
    secrets.put_secret_value(
        SecretId=outputs["invoke_gateway"]["signing_key_secret_arn"],
        SecretString=json.dumps({"current": stack.key("gateway-a") + stack.key("gateway-b")}),
    )
    passwords = {login: stack.key(f"database-{login}") for login in ("admin", "app", "gateway")}
    postgres.prepare(stack.dsn, secrets, outputs["database"]["secret_arns"], passwords)
    with psycopg.connect(stack.dsn) as connection:
        monitors.create(connection)
        found = connection.execute("SELECT count(*) FROM monitors").fetchone()
        if found == (0,):
            monitors.insert(connection, sample_monitors(datetime.now(UTC)))


def upload(environment: Environment, outputs: dict[str, Any]) -> None:
    """Put a file of treatments into the uploads, once there are tables to insert it into."""
    environment.client("s3").put_object(
        Bucket=outputs["buckets"]["uploads"], Key=SAMPLE_TREATMENTS_KEY, Body=sample_treatments()
    )


def sample_treatments() -> bytes:
    """Three treatments as NDJSON."""
    lines = [
        {
            "patient_id": f"sample-{number}",
            "treatment_data": {
                "timestamp": f"2026-01-05T09:0{number}:00Z",
                "device_id": "PPU-0042",
                "duration_s": 1200,
                "outcome": "completed",
            },
        }
        for number in range(3)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def sample_monitors(now: datetime) -> list[dict[str, Any]]:
    """A few monitors of every kind: due, weekly, malformed, deleted long ago and lately."""
    rows = [
        _monitor("acme/api", delivery_method="slack", webhook_url="https://hooks.example/slack"),
        _monitor(
            "acme/web", delivery_method="discord", webhook_url="https://hooks.example/discord"
        ),
        _monitor("acme/docs", delivery_method="email", email="team@example.com"),
        _monitor(
            "acme/weekly", frequency="weekly", delivery_method="email", email="all@example.com"
        ),
        _monitor(
            "acme/merge", frequency="on_merge", delivery_method="email", email="m@example.com"
        ),
        _monitor(
            "not a repository", delivery_method="slack", webhook_url="https://hooks.example/x"
        ),
    ]
    for name, days in (("acme/old", 45), ("acme/older", 90), ("acme/recent", 3)):
        gone: dict[str, Any] = {
            "deleted": True,
            "deleted_at": (now - timedelta(days=days)).isoformat(),
        }
        rows.append(_monitor(name, delivery_method="email", email="x@example.com", **gone))
    return rows


def _monitor(repo: str, *, frequency: str = "daily", **columns: Any) -> dict[str, Any]:
    # Ids from names: the same sample on every machine.
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, repo))
    return {"id": identity, "repo": repo, "frequency": frequency, **columns}
