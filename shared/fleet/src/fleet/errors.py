"""What can go wrong, what to do about it, and the exit code that says so."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended; scripts and workflows act on these."""

    DONE = 0
    USAGE = 2
    """The command was not understood: an unknown option, function or environment."""
    REFUSED = 3
    """Policy or a lock forbids it; nothing was changed."""
    PREFLIGHT = 4
    """Something needed is missing or wrong; nothing was changed."""
    ROLLED_BACK = 5
    """It failed, and what it had changed was put back."""
    NEEDS_PERSON = 6
    """It failed, and could not put things back by itself."""


class FleetError(Exception):
    """A failure with a reason and a way out.

    Attributes:
        message: what is wrong, in one sentence.
        todo: what the operator can do now.
        code: the exit code of the command.
    """

    def __init__(self, message: str, todo: str, code: ExitCode = ExitCode.PREFLIGHT) -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo
        self.code = code
