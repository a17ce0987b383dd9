"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import Settings, comma_separated
from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

NAME: Final = "api-docs-generator"
AWS_TIMEOUT: Final = 2.0
"""Seconds for API Gateway or S3 to connect, and again to answer; a call is tried three times."""
ASK_TIMEOUT: Final = 8.0
"""Seconds for a function to describe itself, its cold start included; it is asked twice at most.
All functions are asked at once, so that a page is there before API Gateway's 30 s are over."""

type ApiId = Annotated[str, Field(pattern=r"^[a-z0-9]{1,64}$")]


class DocsSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        aws_lambda_function_name: Set by Lambda; other functions' names begin as it does.
        api_ids: The HTTP APIs to describe; the first is shown when none is asked for.
        docs_bucket: Where documents, pages and the functions' descriptions are kept.
        refresh_seconds: For how long a document is taken for current.
    """

    aws_lambda_function_name: str
    api_ids: Annotated[
        tuple[ApiId, ...],
        NoDecode,  # or pydantic-settings would take the variable for JSON
        BeforeValidator(comma_separated),
        Field(min_length=1),
    ]
    docs_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    refresh_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
