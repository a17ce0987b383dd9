"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import BucketName, Settings
from pydantic import Field

SERVICE: Final = "silver-processing"
AWS_TIMEOUT: Final = 5.0
"""Seconds for S3 to connect, and again to answer; a call is tried three times."""


class SilverSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        bronze_bucket: Where the source's raw objects are.
        silver_bucket: Where the Parquet files go.
        silver_reads: Raw objects that are read at the same time.
        silver_reserve: Seconds before the end of an invocation after which no date is begun.
    """

    bronze_bucket: BucketName
    silver_bucket: BucketName
    silver_reads: Annotated[int, Field(ge=1, le=64)] = 8
    silver_reserve: Annotated[float, Field(gt=0, le=120)] = 20.0
