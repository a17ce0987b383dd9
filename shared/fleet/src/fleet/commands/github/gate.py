"""fleet github gate: one status for all jobs, to be the only required one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fleet.console import note
from fleet.errors import ExitCode, FleetError

Needs = Annotated[str, typer.Option("--needs", envvar="NEEDS", help="toJSON(needs).")]
MaySkip = Annotated[
    str, typer.Option("--may-skip", envvar="MAY_SKIP", help="Jobs that need not have run.")
]


def gate(needs: Needs, may_skip: MaySkip = "") -> None:
    """Fail unless every job that this one needs went well; also when they were cancelled."""
    results = {job: str(about["result"]) for job, about in json.loads(needs).items()}
    skippable = may_skip.split()
    bad = {
        job: result
        for job, result in results.items()
        if result != "success" and not (result == "skipped" and job in skippable)
    }
    if bad or not results:
        said = ", ".join(f"{job} ({result})" for job, result in bad.items())
        raise FleetError(
            f"not ready to merge: {said or 'no job was named'}",
            "see these jobs' logs",
            ExitCode.REFUSED,
        )
    note(f"all is well: {', '.join(results)}")
