"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from function_kit.settings import BucketName, Settings
from pydantic import AfterValidator, Field, ValidationInfo

AWS_TIMEOUT = 5.0
"""Seconds for S3, SQS or DynamoDB to connect, and again to answer; a call is tried three times."""


def _web_address(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(value)
    local = info.data.get("environment") == "local"
    if not parts.hostname or parts.scheme not in ({"http", "https"} if local else {"https"}):
        raise ValueError("it must be an https URL, or in the local environment an http one")
    return value.rstrip("/")


class BronzeSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        bronze_bucket: Where everything is kept.
        gold_bucket: Where people are answered from, to see how far behind that is.
        ingestion_queue_url: The queue by which a run goes on later.
        ingestion_table: The DynamoDB table of the source's rate and of what was announced.
        source_url: The source's URL before `/leaguegamefinder`.
        rate_per_minute: Requests in any 60 seconds at most, over all runs.
        rate_gap: Seconds between two requests at least.
        source_timeout: Seconds for the source to answer a request, in all.
        patience: Seconds that a run waits for its turn; a longer wait is the queue's, where it
            costs nothing.
        reserve: Seconds kept back to end or to hand over; longer than a request.
    """

    bronze_bucket: BucketName
    gold_bucket: BucketName
    ingestion_queue_url: Annotated[str, Field(pattern=r"^https?://")]
    ingestion_table: Annotated[str, Field(min_length=1)]
    source_url: Annotated[str, AfterValidator(_web_address)]
    rate_per_minute: Annotated[int, Field(ge=1, le=60_000)] = 30
    rate_gap: Annotated[float, Field(ge=0, le=60)] = 1.0
    source_timeout: Annotated[float, Field(gt=0, le=120)] = 30.0
    patience: Annotated[float, Field(ge=0, le=5)] = 0.2
    reserve: Annotated[float, Field(gt=0, le=200)] = 45.0
