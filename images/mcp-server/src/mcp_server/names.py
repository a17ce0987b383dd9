"""Names as people write them: any case, with accents or without, not quite right."""

from __future__ import annotations

import difflib
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Letters that have no accent to take off.
_LETTERS: Final = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "\u0131": "i"})
_SUGGESTIONS: Final = 5
_CLOSE: Final = 0.6


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A name without case, accents, dots, apostrophes and surplus space.

    `Nikola Jokić`, `NIKOLA  JOKIC` and `nikola jokic` are the same.
    """
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    kept = "".join(c if c.isalnum() else " " if c in "- \t\n" else "" for c in apart)
    return " ".join(kept.split())


def suggestions(wanted: str, names: Iterable[str]) -> list[str]:
    """Up to five names that may be meant, the likeliest first."""
    by_folded = {folded(name): name for name in names}
    asked = folded(wanted)
    if not asked:
        return []
    within = sorted(name for name in by_folded if set(asked.split()) <= set(name.split()))
    close = difflib.get_close_matches(asked, by_folded, _SUGGESTIONS, _CLOSE)
    return [by_folded[name] for name in dict.fromkeys([*within, *close])][:_SUGGESTIONS]
