"""fleet changed: which functions differ from another commit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fleet.changes import Change, compare
from fleet.commands.options import Json
from fleet.console import emit, note, table
from fleet.project import Project

Base = Annotated[str, typer.Option("--base", envvar="BASE", help="Commit to compare with.")]


def changed(base: Base = "HEAD^", *, as_json: Json = False) -> None:
    """List functions whose image or configuration differs, by content; JSON is a job matrix."""
    changes = compare(Project.find(), base)
    if changes:
        headings = ("function", "image", "configuration", "because of")
        table(f"different from {base}", headings, map(_row, changes))
    else:
        note(f"no function differs from {base}")
    if as_json:
        emit({"include": [asdict(change) for change in changes]})


def _row(change: Change) -> tuple[str, str, str, str]:
    image, settings = (("differs" if d else "same") for d in (change.image, change.configuration))
    return change.function, image, settings, ", ".join(change.because)
