"""Which of PostgreSQL's errors mean that it is away, and in which words to say so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from function_kit.unavailable import Unavailable

if TYPE_CHECKING:
    import psycopg


class DatabaseUnavailable(Unavailable):
    """PostgreSQL did not answer or refused. The message says where and in short why.

    Attributes:
        lost: Whether work was lost on the way that may go well if it is done anew: its connection
            was cut, its server became read-only, or others were in its way and PostgreSQL
            undid it.
    """

    code = "database_unavailable"
    message = "The database is not available at the moment. Please try again."

    def __init__(self, reason: str, *, retry_after: int = 5, lost: bool = False) -> None:
        """Make the error; see the class and `Unavailable`."""
        super().__init__(reason, retry_after=retry_after)
        self.lost = lost


# Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_READ_ONLY: Final = "25006"  # after a failover, the server that was the primary
_CANCELED: Final = "57014"  # mostly by statement_timeout
_IN_EACH_OTHERS_WAY: Final = "40"  # deadlock, serialization failure
_SHORT_OF_SOMETHING: Final = "53"  # disk, memory, connections
_SHUT_DOWN: Final = "57P"
_BAD_DATA: Final = "22"  # the message itself has the value, in quotes
_QUOTED: Final = re.compile('".*"', re.DOTALL)
_LOGIN_REFUSED: Final = ("28P01", "28000")
_LOGIN_WORDS: Final = "authentication failed"
# What a server says that has no room, or is about to start; it may have a moment later.
_SOON: Final = (
    "too many clients",
    "remaining connection slots",
    "too many connections",
    "the database system is",
)


def unavailable(error: psycopg.Error) -> bool:
    """Whether a statement failed because of the server's state, not because of what it said."""
    code = error.sqlstate or ""
    return code in (_READ_ONLY, _CANCELED) or code.startswith(
        (_IN_EACH_OTHERS_WAY, _SHORT_OF_SOMETHING, _SHUT_DOWN)
    )


def leaves(error: psycopg.Error) -> bool:
    """Whether another connection may find a better server."""
    return error.sqlstate == _READ_ONLY


def undone(error: psycopg.Error) -> bool:
    """Whether PostgreSQL rolled the transaction back because of another one."""
    return (error.sqlstate or "").startswith(_IN_EACH_OTHERS_WAY)


def refused_login(error: psycopg.Error) -> bool:
    """Whether the server did not take the password."""
    # While connecting, psycopg has the server's words but not always its code.
    return error.sqlstate in _LOGIN_REFUSED or _LOGIN_WORDS in str(error)


def soon(error: psycopg.Error) -> bool:
    """Whether a refused connection may well be accepted within a second."""
    return any(words in str(error) for words in _SOON)


def reason(error: psycopg.Error) -> str:
    """The error in one line, without what PostgreSQL repeats of rows."""
    if message := error.diag.message_primary:
        bad_data = (error.sqlstate or "").startswith(_BAD_DATA)
        return _QUOTED.sub('"…"', message) if bad_data else message
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0 if error.sqlstate else -1].strip()
