"""A second commit for the demo, made beside the checkout so that the checkout stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess

from fleet.errors import FleetError
from fleet.project import Project

LINE = "\n# A second commit, made by `make demo` in a checkout of its own.\n"
# A fixed author and time: the same commit gives the same second commit, and a second
# demo finds its image in the registry.
_IDENTITY = {
    "GIT_AUTHOR_NAME": "demo",
    "GIT_AUTHOR_EMAIL": "demo@localhost",
    "GIT_COMMITTER_NAME": "demo",
    "GIT_COMMITTER_EMAIL": "demo@localhost",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}


def make(project: Project, function: str, source: str = LINE) -> Project:
    """Clone the checkout, add source to a function's handler, commit."""
    folder = project.state / "demo-checkout"
    shutil.rmtree(folder, ignore_errors=True)
    _git(project, "clone", "--quiet", "--shared", str(project.root), str(folder))
    clone = Project(folder)
    handler = folder / "images" / function / "src" / function.replace("-", "_") / "handler.py"
    with handler.open("a", encoding="utf-8") as file:
        file.write(source)
    _git(
        clone,
        "-c",
        "commit.gpgsign=false",
        "commit",
        "--quiet",
        "--all",
        "-m",
        "Demo: change a line",
    )
    (folder / ".fleet").symlink_to(project.state)
    _ignore_link(clone)
    return clone


def _ignore_link(clone: Project) -> None:
    # `.gitignore` names the folder .fleet/, which a link to it is not.
    exclude = clone.root / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/.fleet\n", encoding="utf-8")


def _git(project: Project, *arguments: str) -> None:
    command = ["git", "-C", str(project.root), *arguments]
    ended = subprocess.run(
        command, env=os.environ | _IDENTITY, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise FleetError(
            f"git {arguments[0]} failed: {ended.stderr.strip()}", "see the reason above"
        )
