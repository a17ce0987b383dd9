"""fleet github report: how a deployment ended, on GitHub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fleet.commands.github.options import Deployment, Outcome, PullRequest
from fleet.commands.options import Env
from fleet.console import note
from fleet.github import comments, deployments
from fleet.github.api import GitHub
from fleet.github.run import Run, summarise
from fleet.project import Project
from fleet.release.report import words

if TYPE_CHECKING:
    from pathlib import Path

_STATES = {"success": "success", "failure": "failure", "cancelled": "error"}


def report(
    env: Env = "local",
    deployment: Deployment = "",
    outcome: Outcome = "failure",
    pull_request: PullRequest = "",
) -> None:
    """Set the deployment's state, and show the release's report on the pull request."""
    run = Run.of_this_process()
    github = GitHub.of(run.repository)
    folder = Project.find().reports / "release"
    released = _released(folder)
    said = _ending(released, outcome)
    if deployment:
        state = _STATES.get(outcome, "error")
        deployments.state(github, int(deployment), state, said, url=run.url)
    icon = "✅" if outcome == "success" else "❌"
    markdown = f"{icon} **{env}: {said}** · [the run and its reports]({run.url})\n\n"
    if not released:
        # The release adds its own report to the summary.
        summarise(markdown)
    if pull_request:
        text = (folder / "latest.md").read_text(encoding="utf-8") if released else ""
        comments.tell(github, int(pull_request), "deploy", markdown + text)
    note(f"{env}: {said}")


def _released(folder: Path) -> dict[str, Any] | None:
    """What the release wrote; None when it did not come to one."""
    try:
        found: dict[str, Any] = json.loads((folder / "latest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _ending(released: dict[str, Any] | None, outcome: str) -> str:
    if released is None:
        return "no function differed" if outcome == "success" else "failed before any change"
    code = int(released["exit_code"])
    said = words.EXIT_CODES[code]
    if code == 0 and outcome != "success":
        return f"{released['kind']} {said}, and what followed it failed"
    return f"{released['kind']} {said}"
