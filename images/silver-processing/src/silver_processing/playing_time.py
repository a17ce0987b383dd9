"""Time on the floor, in the forms that the source has had."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# 34:12; with a fraction that is always nought, 34.000000:12; ISO 8601, PT34M12.00S.
_FORM: Final = re.compile(r"(?:PT)?(\d+)(?:\.0+)?[:M]([0-5]?\d)(?:\.\d+S)?S?", re.ASCII)
NO_TIME: Final = -1


@lru_cache(maxsize=8192)
def seconds(text: str) -> int:
    """Whole seconds; none for no text, and less than none when the text is no time."""
    if not text:
        return 0
    found = _FORM.fullmatch(text)
    return int(found[1]) * 60 + int(found[2]) if found else NO_TIME
