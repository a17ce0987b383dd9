"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import Settings, comma_separated
from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_settings import NoDecode

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
type BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
type ContentType = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$")
]

CONTENT_TYPES: Final = (
    "application/gzip",
    "application/json",
    "application/octet-stream",
    "application/x-ndjson",
    "application/zip",
    "text/csv",
    "text/plain",
)
_ONE_POST: Final = 5 * 1024**3  # S3 takes no more bytes than that in one request


class UploadSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        upload_bucket: The one bucket that is uploaded to.
        upload_max_bytes: The largest file that a form is made for.
        upload_content_types: What may be uploaded; comma-separated.
        upload_seconds: For how long a form is good.
    """

    upload_bucket: BucketName
    upload_max_bytes: Annotated[int, Field(ge=1, le=_ONE_POST)] = 50 * 1024**2
    upload_content_types: Annotated[
        tuple[ContentType, ...], NoDecode, BeforeValidator(comma_separated), Field(min_length=1)
    ] = CONTENT_TYPES
    upload_seconds: Annotated[int, Field(ge=30, le=3600)] = 900
