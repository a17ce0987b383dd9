"""HCL by meaning: comments and layout do not count, spaces inside a text do."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from fleet.errors import FleetError

# python-hcl2's own notes in what it returns, such as where a block began.
_NOTE = re.compile(r"^__.*__$")


@lru_cache(maxsize=256)
def parse(text: str) -> dict[str, Any]:
    """Blocks and attributes of a file; expressions as text, which the parser writes in one way."""
    import hcl2  # noqa: PLC0415  slow to import, and rarely needed

    try:
        values: dict[str, Any] = hcl2.loads(text) if text.strip() else {}
    except Exception as error:  # python-hcl2 raises its parser's own errors
        raise FleetError(f"HCL cannot be read: {error}", "run terraform fmt on it") from error
    plain: dict[str, Any] = _plain(values)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            str(key).strip('"'): _plain(item)
            for key, item in value.items()
            if not _NOTE.match(str(key))
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
