"""fleet github request: who asks for which release, as outputs for the jobs that follow."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from fleet.console import note
from fleet.errors import ExitCode, FleetError
from fleet.github import comments, deployments
from fleet.github.api import GitHub
from fleet.github.request import (
    Known,
    Request,
    commenter,
    is_command,
    of_comment,
    of_dispatch,
    of_push,
)
from fleet.github.run import Run, summarise, write_outputs
from fleet.project import Project

NOTHING = {"environment": ""}


def request() -> None:
    """Read the event, check who may ask for what, and write the answer to the step's outputs."""
    project, run = Project.find(), Run.of_this_process()
    github = GitHub.of(run.repository)
    try:
        asked = _asked(run, github)
        if asked:
            asked = _complete(project, github, asked)
    except FleetError as error:
        _refuse(run, github, error)
        raise
    write_outputs(asked.outputs() if asked else NOTHING)
    if asked:
        note(f"{asked.function} at {asked.tag or asked.sha} to {asked.environment}")


def _asked(run: Run, github: GitHub) -> Request | None:
    """What the event asks for; None when that is nothing, or nothing for this person."""
    if run.event == "push":
        return of_push(run)
    if run.event == "workflow_dispatch":
        return of_dispatch(run)
    if run.event != "issue_comment":
        raise FleetError(
            f"no release is asked for by {run.event}", "see on: in deploy.yml", ExitCode.USAGE
        )
    if not is_command(run):
        return None
    if not github.may_write(commenter(run)):
        # Not answered, and no failure: anybody can comment, and could go on with it all day.
        said = "Nothing was deployed: whoever wrote the comment may not write to this repository."
        note(said)
        summarise(said)
        return None
    return of_comment(run, github.head(run.pull_request or 0))


def _complete(project: Project, github: GitHub, asked: Request) -> Request:
    environments = tuple(name for name in project.release_to if name != "local")
    Known(environments, project.functions).check(asked)
    if asked.tag and asked.function == "changed":
        # An image that is named is for whoever has it: what changed since is another question.
        return replace(asked, function="all")
    base = deployments.base(github, asked.environment)
    return asked.against(base if _is_known(project, base) else "")


def _is_known(project: Project, commit: str) -> bool:
    """Whether this clone has a commit: after a forced push the last one may be gone."""
    if not commit:
        return False
    command = ["git", "-C", str(project.root), "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _refuse(run: Run, github: GitHub, error: FleetError) -> None:
    """Say why, where it was asked."""
    said = f"⛔ **Not deployed:** {error.message}.\n\nTo do: {error.todo}."
    summarise(said)
    if run.pull_request is not None:
        comments.tell(github, run.pull_request, "deploy", said)
