"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final, Self

from function_kit.secrets import Secret  # noqa: TC002 - pydantic reads the annotation
from message_kit.settings import SchedulingSettings, WorkingSettings
from pydantic import Field, model_validator

NAME: Final = "message-processor"


class ProcessorSettings(WorkingSettings, SchedulingSettings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        ntfy_url: The topic's URL, or where it is kept. Whoever knows it can read and write there.
        ntfy_seconds: For all tries of one notification together.
        ntfy_timeout: For one try.
    """

    ntfy_url: Secret
    ntfy_seconds: Annotated[float, Field(gt=0, le=120)] = 30.0
    ntfy_timeout: Annotated[float, Field(gt=0, le=60)] = 9.0

    @model_validator(mode="after")
    def _lease_outlasts_the_work(self) -> Self:
        if self.lease_seconds < 2 * self.ntfy_seconds:
            raise ValueError("LEASE_SECONDS must be twice NTFY_SECONDS: a lease outlasts its work")
        return self
