"""Cursors: where a page ended, in a form that a caller can hand back but not make up.

A cursor is the last key of a page with a checksum over it and over what was asked for. It is no
secret, and nobody gains by forging one: it only says where to go on within the same index
partition. The checksum is there so that a cursor which was cut, mistyped, tampered with or taken
from another question is told apart and refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHECKSUM: Final = 12  # bytes
_LONGEST: Final = 1024


class BadCursorError(ValueError):
    """The cursor is not one that was handed out for this question."""

    def __init__(self) -> None:
        """Say so; nothing of the cursor is repeated."""
        super().__init__("the cursor is not one that this list has handed out")


def seal(question: str, key: Mapping[str, str]) -> str:
    """A cursor for the page after `key`.

    Args:
        question: What was asked for: table, index and filters.
        key: The last item's key, text attributes only.
    """
    content = json.dumps(key, sort_keys=True, separators=(",", ":")).encode()
    sealed = _checksum(question, content) + content
    return _text(sealed)


def unseal(question: str, cursor: str) -> dict[str, str]:
    """The key that a cursor was made of.

    Raises:
        BadCursorError: It was not made by `seal` for this question.
    """
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise BadCursorError
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise BadCursorError from None
    checksum, content = raw[:_CHECKSUM], raw[_CHECKSUM:]
    # Sealed again, for more than one text decodes to the same bytes.
    if _checksum(question, content) != checksum or _text(raw) != cursor:
        raise BadCursorError
    key: dict[str, str] = json.loads(content)
    return key


def _text(raw: bytes) -> str:
    """The one text that stands for these bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _checksum(question: str, content: bytes) -> bytes:
    return hashlib.sha256(f"{question}\n".encode() + content).digest()[:_CHECKSUM]
