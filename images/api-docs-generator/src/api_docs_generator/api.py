"""What this function answers over HTTP."""

from __future__ import annotations

from typing import Final

from function_kit.openapi import Answer, Operation
from pydantic import BaseModel, ConfigDict, Field

_TAG: Final = "Documentation"
_CACHED: Final = {"etag": "Names this version of the answer."}
_SAME: Final = Answer("Nothing has changed since the version that `if-none-match` names.")
_UNKNOWN: Final = Answer("There is no such API here.")
_UNAVAILABLE: Final = Answer("The API cannot be described now.")


class Which(BaseModel):
    """Which API is meant."""

    api: str | None = Field(None, description="An API's id or name; the first one by default.")


class OpenApi(BaseModel):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(extra="allow", title="OpenAPI document")

    openapi: str = Field(examples=["3.1.0"])


OPERATIONS: Final = (
    Operation(
        route="GET /docs",
        id="getDocs",
        summary="This page",
        tag=_TAG,
        query=Which,
        answers={
            200: Answer("The page.", content_type="text/html", headers=_CACHED),
            304: _SAME,
            404: _UNKNOWN,
            503: _UNAVAILABLE,
        },
        public=True,
    ),
    Operation(
        route="GET /docs/{asset+}",
        id="getDocsAsset",
        summary="A file of this page",
        tag=_TAG,
        answers={
            200: Answer("The file.", content_type="*/*", headers=_CACHED),
            304: _SAME,
            404: Answer("The page has no such file."),
        },
        public=True,
    ),
    Operation(
        route="GET /openapi.json",
        id="getOpenApi",
        summary="The description of the API, for programs",
        tag=_TAG,
        query=Which,
        answers={
            200: Answer("The description.", OpenApi, headers=_CACHED),
            304: _SAME,
            404: _UNKNOWN,
            503: _UNAVAILABLE,
        },
        public=True,
    ),
)
