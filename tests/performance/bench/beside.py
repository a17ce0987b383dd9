"""A run beside an earlier one: `make bench-compare BASE=before.json`. See slowdowns."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from fleet.console import table

from tests.performance import results
from tests.performance.bench.figure import from_json
from tests.performance.bench.slowdowns import Change, compare, failed

TOLD = {"slower", "missing", "noise", "faster"}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What became of every figure."""
    return compare(
        map(from_json, before["figures"]),
        map(from_json, after["figures"]),
        same_machine=before.get("machine") == after.get("machine"),
        sections=set(after.get("sections", {})),
    )


def read(path: Path) -> dict[str, Any]:
    """A run's report.

    Raises:
        ValueError: The file is none.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if "figures" not in found:
        raise ValueError(f"{path} is not a report of `make bench`: it has no figures")
    return found


def main(base: str, new: str) -> int:
    """Compare two files; 1 when something became slower, 2 when they cannot be compared."""
    if not base:
        print("say what to compare with: make bench-compare BASE=before.json", file=sys.stderr)
        return 2
    try:
        before, after = read(Path(base)), read(Path(new) if new else results.file())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    found = changes(before, after)
    rows = [
        (change.key, f"{change.times:.2f}" if change.times else "", change.kind, change.why)
        for change in found
        if change.kind in TOLD
    ]
    table("beside the earlier run", ("figure", "times as bad", "", "why"), rows)
    counts = Counter(change.kind for change in found)
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()), file=sys.stderr)
    return 1 if failed(found) else 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("BASE", ""), os.environ.get("NEW", "")))
