"""HTML that is escaped by construction: text becomes markup only through `el`."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset({"br", "input", "meta", "link", "line", "rect", "circle", "path"})


class Html(str):
    """Markup that is complete and escaped."""

    __slots__ = ()


type Part = str | int | Html | Iterable[Part] | None


def el(tag: str, *parts: Part, **attributes: str | float | bool | None) -> Html:
    """An element with its content.

    Args:
        tag: its name.
        parts: content; text is escaped, None is left out, lists are flattened.
        attributes: escaped; a trailing underscore is dropped and others become hyphens, True
            is an attribute without a value, None and False leave it out.
    """
    given = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{given}>" if tag in {"br", "input", "meta", "link"} else
                    f"<{tag}{given}/>")  # fmt: skip
    return Html(f"<{tag}{given}>{join(parts)}</{tag}>")


def join(parts: Iterable[Part]) -> Html:
    """Parts one after the other."""
    return Html("".join(_markup(part) for part in parts))


def _markup(part: Part) -> str:
    if isinstance(part, Html):
        return part
    if part is None:
        return ""
    if isinstance(part, (str, int)):
        return escape(str(part))
    return join(part)


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = f"{value:g}" if isinstance(value, float) else escape(str(value))
    return f' {name}="{shown}"'
