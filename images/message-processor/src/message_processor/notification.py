"""A message as a notification of ntfy's.

Title, tags and a link travel in headers, which hold ASCII: other text is encoded as RFC 2047 says,
which ntfy decodes (https://docs.ntfy.sh/publish/).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from message_kit.message import MessageType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from message_kit.message import Message

_PRIORITIES: Final = ("min", "low", "default", "high", "max")
_SCHEMES: Final = ("http://", "https://", "mailto:", "geo:", "ntfy://")
_DEFAULTS: Final = {MessageType.HELLO_WORLD: "Hello, world!"}
_WORD: Final = 45  # bytes of text in an encoded word, which has 75 characters at most


class NotANotificationError(ValueError):
    """The payload does not make a notification; the message names the field and says why."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What is posted.

    Attributes:
        text: The body.
        headers: Names in lower case.
    """

    text: str
    headers: dict[str, str]


def notification(message: Message) -> Notification:
    """The notification that a message asks for.

    Raises:
        NotANotificationError: Its payload does not say what to send.
    """
    payload = message.payload
    text = payload.get("message", _DEFAULTS.get(message.message_type))
    if not isinstance(text, str) or not text.strip():
        raise NotANotificationError("payload.message must be text that is not empty")
    wanted = {
        "title": _text(payload, "title"),
        "priority": _priority(payload.get("priority")),
        "tags": _tags(payload.get("tags")),
        "click": _click(payload),
    }
    return Notification(text, {name: _header(value) for name, value in wanted.items() if value})


def _text(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    if value is not None and not isinstance(value, str):
        raise NotANotificationError(f"payload.{name} must be text")
    return value or ""


def _priority(value: object) -> str:
    """A level from 1 to 5; ntfy knows names for them too."""
    if value is None:
        return ""
    name = "max" if value == "urgent" else str(value).lower()
    if name in _PRIORITIES:
        return str(_PRIORITIES.index(name) + 1)
    if name not in {"1", "2", "3", "4", "5"}:
        raise NotANotificationError(
            "payload.priority must be 1 to 5, or min, low, default, high, max or urgent"
        )
    return name


def _tags(value: object) -> str:
    if value is None:
        return ""
    tags = value.split(",") if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise NotANotificationError("payload.tags must be a list of texts, or a text with commas")
    return ",".join(tag.strip() for tag in tags if tag.strip())


def _click(payload: dict[str, Any]) -> str:
    link = _text(payload, "click")
    if link and not link.lower().startswith(_SCHEMES):
        raise NotANotificationError(f"payload.click must begin with one of {', '.join(_SCHEMES)}")
    return link


def _header(value: str) -> str:
    """A header's value; what is not plain ASCII in encoded words."""
    if value.isascii() and value.isprintable() and "=?" not in value:
        return value.strip()
    return " ".join(
        f"=?UTF-8?B?{base64.b64encode(piece.encode()).decode()}?=" for piece in _pieces(value)
    )


def _pieces(value: str) -> Iterator[str]:
    """A text in pieces of as many bytes as a word holds; no character is cut in two."""
    piece, size = "", 0
    for character in value:
        more = len(character.encode())
        if size + more > _WORD:
            yield piece
            piece, size = "", 0
        piece, size = piece + character, size + more
    yield piece
