"""What a function says when something it needs is away for now."""

from __future__ import annotations

from typing import ClassVar


class Unavailable(Exception):  # noqa: N818 - says what is
    """A dependency is away, overloaded or short of something; trying again later may help.

    `http_api` answers it with 503 and Retry-After. The exception's own text is for the log: it
    may name hosts, and callers never see it.

    Attributes:
        code: A stable word for programs.
        message: A sentence for callers.
        retry_after: Seconds after which trying again makes sense.
    """

    code: ClassVar[str] = "unavailable"
    message: ClassVar[str] = "The service is not available at the moment. Please try again."

    def __init__(self, reason: str, *, retry_after: int = 5) -> None:
        """Make the error; see the class."""
        super().__init__(reason)
        self.retry_after = retry_after
