"""What goes wrong, by whose fault it is."""

from __future__ import annotations

from typing import Any, ClassVar

from function_kit.unavailable import Unavailable


class Refused(Exception):  # noqa: N818 - an answer, not a malfunction
    """A request that the protocol itself answers with an error.

    Attributes:
        code: JSON-RPC's or MCP's number.
        message: A sentence for whoever wrote the client.
        data: More for programs, or None.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        """Make the error; see the class for the arguments."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class ToolError(Exception):
    """A tool cannot do what it was asked; its text tells a model what to ask instead."""


class StorageUnavailable(Unavailable):
    """S3 does not answer, or does not let the function read."""

    code: ClassVar[str] = "storage_unavailable"
    message: ClassVar[str] = "The statistics cannot be read at the moment. Please try again."
