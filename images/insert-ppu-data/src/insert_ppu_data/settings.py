"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated

from function_kit.database import DatabaseSettings
from function_kit.settings import BucketName
from pydantic import StringConstraints


class TreatmentSettings(DatabaseSettings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        treatment_bucket: The one bucket that objects of treatments are read from.
        treatment_prefix: What their keys begin with.
    """

    treatment_bucket: BucketName
    treatment_prefix: Annotated[str, StringConstraints(max_length=512)] = "treatments/"
