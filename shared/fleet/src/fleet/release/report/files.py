"""A report as files, for people, machines and workflows."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final

from fleet.console import note
from fleet.release.report import html, markdown, redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fleet.release.outcome import Report

# GitHub drops a step's summary above 1 MiB.
_SUMMARY_BYTES: Final = 1_000_000


def write(report: Report, folder: Path) -> dict[str, Path]:
    """Write `<run_id>.json`, `.md` and `.html` and the same as `latest.*` into a folder.

    The Markdown is also added to the summary of a GitHub workflow's job. What cannot be
    written is said, and never fails a release.

    Returns:
        The files by kind: json, md, html.
    """
    clean = redact.whole(report)
    name = re.sub(r"[^\w.-]", "_", report.run_id) or "report"
    kinds: dict[str, Callable[[Report], str]] = {
        "json": lambda report: json.dumps(report.to_dict(), indent=2, default=str) + "\n",
        "md": markdown.render,
        "html": html.render,
    }
    written = {}
    for kind, render in kinds.items():
        text = render(clean)
        try:
            written[kind] = _write(folder / f"{name}.{kind}", text)
            _write(folder / f"latest.{kind}", text)
        except OSError as error:
            note(f"the report {name}.{kind} could not be written: {error.strerror}")
        if kind == "md":
            _add_to_job_summary(text)
    return written


def _write(path: Path, text: str) -> Path:
    """Replace a file at once: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    return new.replace(path)


def _add_to_job_summary(text: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with open(path, "ab") as summary:  # noqa: PTH123  the runner's path, taken as it is
            room = max(_SUMMARY_BYTES - summary.tell(), 0)
            summary.write(text.encode()[:room] + b"\n")
    except OSError as error:
        note(f"the job summary could not be written: {error.strerror}")
