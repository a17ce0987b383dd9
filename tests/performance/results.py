"""Where benchmarks write down what they found: build/bench.json, a report for each by its name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def file() -> Path:
    """BENCH_FILE, or build/bench.json."""
    return Path(os.environ.get("BENCH_FILE") or ROOT / "build" / "bench.json")


def read(path: Path) -> dict[str, Any]:
    """What is known until now; nothing when there is no file yet."""
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return known


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file at once: whoever stops the run half way finds a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    new.replace(path)


def keep(name: str, report: dict[str, Any]) -> None:
    """Add one benchmark's report; those of the others stay."""
    known = read(file())
    write(file(), known | {"reports": known.get("reports", {}) | {name: report}})
