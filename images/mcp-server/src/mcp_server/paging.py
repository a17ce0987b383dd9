"""Lists in pages. A cursor holds the place, so that nothing is kept between two requests."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX: Final = "after:"
_MAX_LENGTH: Final = 200


class BadCursor(Exception):  # noqa: N818 - an answer, not a malfunction
    """A cursor that this server did not give out."""


def page[T](items: Sequence[T], names: Sequence[str], cursor: str | None, size: int) -> Page[T]:
    """The items after the cursor.

    Names, not numbers, are what a cursor holds: what is added or goes between two requests
    neither repeats an item nor skips one.

    Args:
        items: All of them, in the order of their names.
        names: Their names, each once, ascending.
        cursor: Where the page before ended; None for the first.
        size: How many items at most.

    Raises:
        BadCursor: The cursor is none of ours.
    """
    after = _decoded(cursor) if cursor is not None else None
    start = 0 if after is None else sum(name <= after for name in names)
    end = start + size
    more = _encoded(names[end - 1]) if end < len(items) else None
    return Page(items[start:end], more)


class Page[T]:
    """Some items of a list, and the cursor of those after them; None at the end."""

    def __init__(self, items: Sequence[T], cursor: str | None) -> None:
        """Keep them."""
        self.items = list(items)
        self.cursor = cursor


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(f"{_PREFIX}{name}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    padded = cursor[:_MAX_LENGTH] + "=" * (-len(cursor[:_MAX_LENGTH]) % 4)
    try:
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith(_PREFIX):
        raise BadCursor("The cursor is none of this server's; begin without one.")
    return text.removeprefix(_PREFIX)
