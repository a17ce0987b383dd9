"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from function_kit.secrets import Secret
from function_kit.settings import Settings
from pydantic import AfterValidator, Field, ValidationInfo

AWS_TIMEOUT = 2.0
"""Seconds for DynamoDB or Lambda to connect, and again to answer; a call is tried three times."""


def _web_address(value: str, info: ValidationInfo) -> str:
    """An http or https URL; https outside the local environment, for the key travels with it."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must be an http or https URL")
    if parts.scheme == "http" and info.data.get("environment") != "local":
        raise ValueError("it must be an https URL outside the local environment")
    return value.rstrip("/")


type WebAddress = Annotated[str, AfterValidator(_web_address)]


class DigestSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        aws_lambda_function_name: Set by Lambda; the function continues itself by this name.
        supabase_url: The project's base URL, before `/rest/v1`.
        supabase_service_role_key: The key, or where it is kept.
        backend_digest_endpoint: The URL that digests are posted to.
        retention_days: How long a deleted monitor is kept.
        digest_concurrency: Calls to the backend in flight at most.
        digest_rate_per_minute: Calls to the backend in any 60 seconds at most, over all runs.
        digest_ledger_table: The DynamoDB table of claims and rate slots.
        digest_call_timeout: Seconds that the backend may be silent before a call is given up.
        digest_reserve: Seconds kept back, after the last call, to settle and to hand over.
    """

    aws_lambda_function_name: str
    supabase_url: WebAddress
    supabase_service_role_key: Secret
    backend_digest_endpoint: WebAddress
    retention_days: Annotated[int, Field(ge=1)] = 30
    digest_concurrency: Annotated[int, Field(ge=1, le=100)] = 10
    digest_rate_per_minute: Annotated[int, Field(ge=1, le=60_000)] = 50
    digest_ledger_table: Annotated[str, Field(min_length=1)]
    digest_call_timeout: Annotated[float, Field(gt=0, le=300)] = 40.0
    digest_reserve: Annotated[float, Field(gt=0, le=120)] = 30.0
