"""The gateway's configuration."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from function_kit.database import DatabaseSettings
from function_kit.secrets import Secret
from function_kit.settings import comma_separated
from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

type Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)]
type Port = Annotated[int, Field(ge=0, le=65535)]
type AuditMode = Literal["required", "best-effort", "off"]

MIN_KEY = 64
# What Lambda itself takes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SYNCHRONOUS_BYTES = 6 * 1024 * 1024
ASYNCHRONOUS_BYTES = 1024 * 1024


class GatewaySettings(DatabaseSettings):
    """What the gateway is told. `DATABASE_URL` stands for the `DB_…` variables.

    Attributes:
        module_secret_key: `MODULE_SECRET_KEY`, what tokens are signed with: 64 characters at
            least, or a reference to a secret; the key, or JSON `{"current": …, "previous": …}`.
        database_url: `DATABASE_URL`, a libpq URL or a reference to a secret with one.
        grpc_port: `GRPC_PORT`.
        rest_port: `REST_PORT`.
        processes: `PROCESSES` that share the ports; 0 is one for each core.
        lambda_function_prefix: `LAMBDA_FUNCTION_PREFIX`; names that begin so may be invoked.
        lambda_functions_allowed: `LAMBDA_FUNCTIONS_ALLOWED`, further names, comma-separated.
        max_concurrent_requests: `MAX_CONCURRENT_REQUESTS` under way, for each process.
        request_timeout: `REQUEST_TIMEOUT`, seconds for one call of Lambda.
        max_retries: `MAX_RETRIES` of a call that Lambda certainly did not carry out.
        retry_delay: `RETRY_DELAY`, seconds before the first of them; each doubles it.
        jwt_expiration_seconds: `JWT_EXPIRATION_SECONDS`.
        max_batch: `MAX_BATCH` invocations in one request.
        audit: `AUDIT`: `required` answers nothing that is not stored, `best-effort` counts what
            it loses, `off` has none.
        audit_payloads: `AUDIT_PAYLOADS`, whether payloads are stored as well.
        audit_queue: `AUDIT_QUEUE`, records that wait to be stored at most.
        audit_queue_bytes: `AUDIT_QUEUE_BYTES`, about how much memory these may take.
        audit_payload_characters: `AUDIT_PAYLOAD_CHARACTERS` of a payload that are stored at most.
        audit_wait: `AUDIT_WAIT`, seconds that a request waits for a place in a full audit, or for
            a database that is away, before it is refused; 0 refuses at once.
        audit_patience: `AUDIT_PATIENCE`, seconds that an answer waits for its record's commit.
        log_file: `LOG_FILE`, a file to log to as well (10 MB, five backups).
        syslog: `SYSLOG`, `host:port` to log to as well.
    """

    module_secret_key: Secret
    database_url: Secret | None = None
    grpc_port: Port = 50060
    rest_port: Port = 8080
    processes: Annotated[int, Field(ge=0, le=64)] = 0
    lambda_function_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "waddlebot-"
    lambda_functions_allowed: Names = ()
    max_concurrent_requests: Annotated[int, Field(ge=1, le=10_000)] = 100
    request_timeout: Annotated[float, Field(gt=0, le=900)] = 30.0
    max_retries: Annotated[int, Field(ge=0, le=10)] = 3
    retry_delay: Annotated[float, Field(gt=0, le=10)] = 0.1
    jwt_expiration_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3600
    max_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    max_payload_bytes: Annotated[int, Field(ge=1, le=SYNCHRONOUS_BYTES)] = SYNCHRONOUS_BYTES
    audit: AuditMode = "required"
    audit_payloads: bool = True
    audit_queue: Annotated[int, Field(ge=1)] = 10_000
    audit_queue_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    audit_payload_characters: Annotated[int, Field(ge=0)] = 64 * 1024
    audit_wait: Annotated[float, Field(ge=0, le=60)] = 1.0
    audit_patience: Annotated[float, Field(gt=0, le=60)] = 5.0
    log_file: str | None = None
    syslog: Annotated[str | None, Field(pattern=r"^[\w.-]+:\d+$")] = None
    aws_region: Annotated[
        str, Field(validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"))
    ] = "us-east-1"

    @field_validator("db_endpoint")
    @classmethod
    def _is_enough(cls, endpoint: str | None, _: ValidationInfo) -> str | None:
        """Not yet: there is another way to say where the database is."""
        return endpoint

    @model_validator(mode="after")
    def _names_a_database(self) -> Self:
        by_login = self.db_endpoint and self.db_name and self.db_user
        if not (self.database_url or self.db_secret_arn or by_login):
            raise ValueError("set DATABASE_URL, DB_SECRET_ARN, or DB_ENDPOINT, DB_NAME and DB_USER")
        return self

    @field_validator("module_secret_key", mode="before")
    @classmethod
    def _is_long(cls, value: object) -> object:
        """Refuse a key that can be guessed; one that is kept elsewhere is checked when read."""
        is_reference = isinstance(value, str) and value.startswith(("secretsmanager:", "ssm:"))
        if isinstance(value, str) and not is_reference and len(value) < MIN_KEY:
            raise ValueError(f"must have at least {MIN_KEY} characters")
        return value
