"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated

from function_kit.database import DatabaseSettings
from pydantic import Field


class MigrateSettings(DatabaseSettings):
    """Each field is read from the environment variable of its name, in upper case.

    The login of `DatabaseSettings` is the one that may change the schema.

    Attributes:
        db_app_secret_arn: The secret with the login that functions use: a JSON object with
            `password`. Not set where functions log in by IAM database authentication.
        db_gateway_secret_arn: The same for the invoke gateway.
        audit_keep_months: Full months of the invoke gateway's audit that are kept.
        lock_wait_seconds: For how long a run waits for another that is under way.
        lock_timeout_seconds: For how long a migration waits for a table that is in use. Longer,
            and everybody else's statements queue up behind the one that waits.
        statement_timeout_seconds: For how long one statement of a migration may run.
    """

    db_app_secret_arn: str | None = None
    db_gateway_secret_arn: str | None = None
    audit_keep_months: Annotated[int, Field(ge=1, le=120)] = 13
    lock_wait_seconds: Annotated[float, Field(ge=0, le=120)] = 10
    lock_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5
    statement_timeout_seconds: Annotated[float, Field(gt=0, le=280)] = 240
