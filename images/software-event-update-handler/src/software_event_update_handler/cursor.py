"""Where a page of a device's history ended, as a text that callers hand back."""

from __future__ import annotations

import base64
import binascii
import re

from function_kit.http_api import invalid

_ORDER = re.compile(r"[0-9]{20}#[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def encode(order: str) -> str:
    """The cursor of the event of this order."""
    return base64.urlsafe_b64encode(order.encode()).decode()


def decode(cursor: str) -> str:
    """The order that a cursor stands for.

    Raises:
        HttpError: 400, it is no cursor of ours.
    """
    try:
        order = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        order = ""
    # Encoded again, because base64 has more than one spelling of the same.
    if _ORDER.fullmatch(order) and encode(order) == cursor:
        return order
    raise invalid([{"field": "cursor", "reason": "is not a cursor that an answer gave"}])
