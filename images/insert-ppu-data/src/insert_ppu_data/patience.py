"""A second attempt, where the first was cut off and there is time for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg
from function_kit.logging import get_logger
from function_kit.postgres import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.deadline import Deadline

# Seconds in which a second attempt can still connect and do something.
_ENOUGH: Final = 3.0


class DatabaseRefused(Exception):  # noqa: N818 - says what is
    """PostgreSQL did not do what it was told, as when a table is not there."""


def twice[T](work: Callable[[], T], deadline: Deadline) -> T:
    """Do what may be done twice, again if the database went away on the way.

    After a failover the first attempt finds out, and the second finds the new server. A database
    that lets nobody in is not asked again: that only adds to its crowd.

    Raises:
        DatabaseUnavailable: It is away.
        DatabaseRefused: See there. PostgreSQL's own errors repeat rows, and go no further.
    """
    try:
        try:
            return work()
        except DatabaseUnavailable as error:
            if not error.lost or deadline.remaining() < _ENOUGH:
                raise
            get_logger().warning("database_again", reason=str(error))
        return work()
    except psycopg.Error as error:
        raise DatabaseRefused(f"{type(error).__name__} ({error.sqlstate})") from None
