"""What the function answers over HTTP."""

from __future__ import annotations

from datetime import datetime

from function_kit.openapi import Answer, Operation
from pydantic import BaseModel, Field

from presigned_url_s3_upload.request import UploadRequest


class UploadForm(BaseModel):
    """A form: post its fields, and then the file as the field `file`, as multipart/form-data."""

    success: bool = Field(description="Always true.")
    url: str = Field(description="Where to post it.")
    fields: dict[str, str] = Field(description="To post, as they are, before the file.")
    key: str = Field(description="The object that the file becomes.")
    expires_at: datetime = Field(description="Until when S3 takes it.")
    request_id: str = Field(description="The invocation's id, which finds its log lines.")


OPERATIONS = (
    Operation(
        route="POST /uploads",
        id="offerUpload",
        summary="A form for uploading one file",
        tag="Files",
        description="S3 takes exactly the key, type and number of bytes that the form is for.",
        body=UploadRequest,
        examples={
            "log": {
                "filename": "2026-11-23.log",
                "content_type": "text/plain",
                "size": 18432,
                "device_id": "ppu-0042",
            }
        },
        answers={200: Answer("The form.", UploadForm), 400: Answer("A field is missing or wrong.")},
    ),
)
