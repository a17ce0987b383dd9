"""What the server is told by its environment."""

from __future__ import annotations

from typing import Annotated

from function_kit.settings import BucketName, Settings, comma_separated
from pydantic import BeforeValidator
from pydantic_settings import NoDecode


class McpSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        gold_bucket: The bucket that every answer comes from.
        mcp_origins: Web pages that may call over HTTP, such as `https://chat.example.com`,
            separated by commas, beside pages of the API's own host. Programs send no origin.
    """

    gold_bucket: BucketName
    mcp_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)] = ()
