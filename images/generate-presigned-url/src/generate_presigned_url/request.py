"""What a caller may ask for."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final

from function_kit.http_api import invalid
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

DEFAULT_EXPIRATION: Final = 3600  # seconds
MIN_EXPIRATION: Final = 60
MAX_EXPIRATION: Final = 43200
_MAX_KEY_BYTES: Final = 1024  # S3's own limit
_BAD_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _key(value: object) -> str:
    """An object key that S3 takes and that means one object everywhere.

    Keys with a segment `.` or `..`, or an empty first one, are refused although S3 allows them:
    browsers and HTTP clients rewrite such paths, so that the link would be for another object.
    """
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - pydantic wants ValueError
    if not 1 <= len(value.encode(errors="surrogatepass")) <= _MAX_KEY_BYTES:
        raise ValueError(f"must have 1 to {_MAX_KEY_BYTES} bytes of UTF-8")
    if _BAD_CHARACTERS.search(value):
        raise ValueError("must not hold control characters or halves of surrogate pairs")
    if value.startswith("/") or not {".", ".."}.isdisjoint(value.split("/")):
        raise ValueError("must not begin with / nor have a path segment . or ..")
    return value


def _seconds(value: object) -> int:
    """A number of seconds, whole or not, given as a number or as text; brought into range."""
    try:
        # Of text, so that true, null and lists are no numbers. NaN compares with nothing.
        seconds = float(str(value))
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        raise ValueError("must be a number of seconds")
    return int(min(max(seconds, MIN_EXPIRATION), MAX_EXPIRATION))


class DownloadRequest(BaseModel):
    """A download to make a link for.

    Attributes:
        key: The object's key, as `key` or `object_key`.
        expiration: Seconds for which the link is good, brought into 60 to 43,200.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: Annotated[str, BeforeValidator(_key)] = Field(
        validation_alias=AliasChoices("key", "object_key")
    )
    expiration: Annotated[int, BeforeValidator(_seconds)] = DEFAULT_EXPIRATION


def parse(parameters: dict[str, Any], bucket: str) -> DownloadRequest:
    """Check what a caller asked for.

    Args:
        parameters: From the query and the body.
        bucket: The function's own bucket. Callers cannot choose one: older clients that name
            this very bucket are let through, any other name is refused rather than ignored,
            because a link into another bucket than the one asked for would be a wrong answer.

    Raises:
        ValidationError: A parameter is missing or wrong.
        HttpError: 400, another bucket was asked for.
    """
    if parameters.get("bucket", bucket) != bucket:
        raise invalid([{"field": "bucket", "reason": "the bucket is fixed and cannot be chosen"}])
    return DownloadRequest.model_validate(parameters)
