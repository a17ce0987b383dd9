"""Clones of the checkout, with its uncommitted changes, to edit and compare."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from fleet.project import Project

from tests.kit.program import ROOT


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def clone(folder: Path) -> Project:
    """A repository of its own with one commit: the checkout's files as they are now."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard")
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "as it is")
    (folder / ".fleet").symlink_to(ROOT / ".fleet")
    return Project(folder)


def edit(project: Project, path: str, old: str, new: str) -> None:
    """Replace a piece of a file, which must be there."""
    file = project.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{path} does not contain {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(project: Project, path: str, text: str) -> None:
    with (project.root / path).open("a", encoding="utf-8") as file:
        file.write(text)


def restore(project: Project) -> None:
    """Take every edit back."""
    git(project.root, "checkout", "--quiet", "--", ".")
