"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import BucketName, Settings
from pydantic import Field

SERVICE: Final = "gold-analytics"
AWS_TIMEOUT: Final = 5.0
"""Seconds for S3 to connect, and again to answer; a call is tried three times."""


class GoldSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        silver_bucket: Where the Parquet files are.
        gold_bucket: Where the JSON objects go.
        gold_calls: Objects that are read or written at the same time.
        gold_reserve: Seconds before the end of an invocation after which no date is begun.
    """

    silver_bucket: BucketName
    gold_bucket: BucketName
    gold_calls: Annotated[int, Field(ge=1, le=64)] = 16
    gold_reserve: Annotated[float, Field(gt=0, le=240)] = 60.0
