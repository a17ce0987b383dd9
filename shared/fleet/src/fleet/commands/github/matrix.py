"""fleet github matrix: a job for each function whose image differs."""

from __future__ import annotations

import json

from fleet.changes import compare
from fleet.commands.changed import Base
from fleet.console import note
from fleet.github.run import write_outputs
from fleet.project import Project


def matrix(base: Base = "HEAD^") -> None:
    """Leave the outputs `matrix`, for strategy.matrix, and `any`, for the job's if."""
    names = [change.function for change in compare(Project.find(), base) if change.image]
    write_outputs(
        {
            "matrix": json.dumps({"function": names}),
            "any": "true" if names else "false",
        }
    )
    note(f"images that differ from {base}: {', '.join(names) or 'none'}")
