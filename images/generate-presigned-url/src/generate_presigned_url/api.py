"""What the function answers over HTTP."""

from __future__ import annotations

from typing import Annotated

from function_kit.openapi import Answer, Operation
from pydantic import BaseModel, Field

from generate_presigned_url.request import DEFAULT_EXPIRATION, MAX_EXPIRATION, MIN_EXPIRATION


class DownloadQuery(BaseModel):
    """Which object, and for how long."""

    key: Annotated[str | None, Field(min_length=1, max_length=1024)] = Field(
        None, description="The object's key, without a leading / and without segments . or .."
    )
    object_key: Annotated[str | None, Field(min_length=1, max_length=1024)] = Field(
        None, description="The same, as older clients call it."
    )
    expiration: float = Field(
        DEFAULT_EXPIRATION,
        description=f"Seconds, brought into {MIN_EXPIRATION} to {MAX_EXPIRATION}.",
    )


class DownloadLink(BaseModel):
    """A link that lets whoever has it download the object for a while."""

    success: bool = Field(description="Always true.")
    presigned_url: str = Field(description="The link.")
    bucket: str
    key: str
    operation: str = Field(description="Always download.")
    expiration_seconds: int
    environment: str
    function: str
    request_id: str = Field(description="The invocation's id, which finds its log lines.")


def _operation(path: str, name: str, description: str) -> Operation:
    return Operation(
        route=f"GET {path}",
        id=name,
        summary="A link for downloading one object",
        tag="Files",
        description=description,
        query=DownloadQuery,
        answers={
            200: Answer("The link.", DownloadLink),
            400: Answer("The key is missing, or a parameter is wrong."),
            403: Answer("This object may not be downloaded."),
            404: Answer("There is no object with this key."),
            503: Answer("The storage does not answer."),
        },
    )


OPERATIONS = (
    _operation("/downloads", "linkDownload", "Links die with the function's own credentials."),
    _operation("/s3url", "linkDownloadOlder", "The route of older clients."),
)
