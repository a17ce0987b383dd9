"""The source's tables: `resultSets` of a name, headers and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bronze_ingestion.verdict import Fault, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

type Table = list[dict[str, Any]]


def table(document: Any, name: str, needed: Sequence[str]) -> Table | Verdict:
    """The rows of a table by their headers, or what is wrong with its shape.

    Args:
        document: What the source sent.
        name: The table's name.
        needed: Headers that it must have.
    """
    sets = document.get("resultSets") if isinstance(document, dict) else None
    if not isinstance(sets, list):
        return _changed("there are no resultSets")
    found = next((one for one in sets if isinstance(one, dict) and one.get("name") == name), None)
    if found is None:
        return _changed(f"there is no table {name}")
    headers: Any = found.get("headers")
    rows: Any = found.get("rowSet")
    changed = _change(name, headers, rows, needed)
    if changed is not None:
        return changed
    return [dict(zip(headers, row, strict=True)) for row in rows]


def _change(name: str, headers: Any, rows: Any, needed: Sequence[str]) -> Verdict | None:
    if not isinstance(headers, list) or not isinstance(rows, list):
        return _changed(f"{name} has no headers or no rowSet")
    if not all(isinstance(header, str) for header in headers):
        return _changed(f"{name} has headers that are not text")
    missing = [header for header in needed if header not in headers]
    if missing:
        return _changed(f"{name} has no {', '.join(missing)}")
    if any(not isinstance(row, list) or len(row) != len(headers) for row in rows):
        return _changed(f"{name} has rows of another length than its headers")
    return None


def _changed(text: str) -> Verdict:
    return Verdict.single(Fault.SCHEMA_CHANGE, text)
