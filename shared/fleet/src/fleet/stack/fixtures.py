"""What the local stack holds so that functions have something to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from standins import monitors

if TYPE_CHECKING:
    from fleet.stack.local import LocalStack

SAMPLE_KEY = "reports/2024/summary.csv"
SAMPLE_OBJECT = b"device,uptime\nd-1,99.98\n"


def prepare(stack: LocalStack, outputs: dict[str, Any]) -> None:
    """Set the Supabase key, seed monitors, and put an object into the downloads bucket."""
    environment = stack.environment
    environment.client("secretsmanager").put_secret_value(
        SecretId=outputs["digest"]["secret_arn"], SecretString=stack.key("supabase")
    )
    environment.client("s3").put_object(
        Bucket=outputs["downloads_bucket"], Key=SAMPLE_KEY, Body=SAMPLE_OBJECT
    )
    monitors.seed_sample(stack.dsn)
