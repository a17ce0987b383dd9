"""The repository that workflows check out: this checkout, or a small fleet made of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fleet.project import Project

from tests.kit import clones
from tests.kit.program import ROOT

# What every clone brings of its own.
_SHARED_TERRAFORM = {
    "github.tf",
    "github_policies.tf",
    "providers.tf",
    "registry.tf",
    "releases.tf",
    "variables_github.tf",
    "versions.tf",
}
_OWN = {"sync.stamp", "terraform", "environments", "docker"}


@dataclass(frozen=True)
class Remote:
    """What GitHub would hold: a repository with branches."""

    root: Path

    def head(self, branch: str = "main") -> str:
        return clones.git(self.root, "rev-parse", branch).strip()

    def file(self, path: str) -> str:
        return clones.git(self.root, "show", f"main:{path}")

    def commit(self, message: str, edits: dict[str, str], branch: str = "main") -> str:
        """Add text to the end of files, on a branch that starts at main; return the commit."""
        if branch != "main":
            clones.git(self.root, "checkout", "--quiet", "-B", branch, "main")
        for path, text in edits.items():
            with (self.root / path).open("a", encoding="utf-8") as file:
                file.write(text)
        clones.git(self.root, "commit", "--quiet", "--all", "-m", message)
        made = clones.git(self.root, "rev-parse", "HEAD").strip()
        clones.git(self.root, "checkout", "--quiet", "main")
        return made

    def checkout(self, folder: Path, ref: str) -> None:
        """What actions/checkout does, with this machine's tools beside it."""
        clones.git(self.root, "clone", "--quiet", "--shared", str(self.root), str(folder))
        clones.git(folder, "checkout", "--quiet", "--detach", ref)
        bring_tools(folder)


def bring_tools(folder: Path) -> None:
    """Link what `make prepare` installs: a runner would install it anew, which takes minutes."""
    state = folder / ".fleet"
    state.mkdir(exist_ok=True)
    for part in (ROOT / ".fleet").iterdir():
        if part.name not in _OWN and not (state / part.name).exists():
            (state / part.name).symlink_to(part)
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(ROOT / ".venv")
    (state / "sync.stamp").write_text(_stamp(folder) + "\n")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("/.fleet\n/.venv\n")


def _stamp(folder: Path) -> str:
    """What prepare/uv.sh would write: that nothing is left to install."""
    files = [folder / "uv.lock", folder / "pyproject.toml"]
    files += sorted(folder.glob("shared/*/pyproject.toml"))
    files += sorted(folder.glob("images/*/pyproject.toml"))
    content = b"".join(f.read_bytes() for f in [*files, folder / ".fleet" / "python"])
    return f"{sha256(content).hexdigest()}  -"


def small_fleet(folder: Path, functions: set[str], terraform: Path) -> Remote:
    """A repository of a few functions under a project name of its own, at home on this machine.

    Args:
        folder: where; empty.
        functions: the folders under images/ that stay.
        terraform: files in place of the root module's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project = clones.clone(folder)
    (folder / ".fleet").unlink()
    for other in set(project.functions) - functions:
        shutil.rmtree(folder / "images" / other)
    for file in [*folder.glob("terraform/*.tf"), *folder.glob("terraform/environments/*")]:
        if file.name not in _SHARED_TERRAFORM:
            file.unlink()
    shutil.copytree(terraform, folder / "terraform", dirs_exist_ok=True)
    clones.edit(
        Project(folder), "pyproject.toml", 'project = "lambda-fleet"', 'project = "rehearsal"'
    )
    clones.git(folder, "add", "--all")
    clones.git(folder, "commit", "--quiet", "-m", "A small fleet")
    clones.git(folder, "branch", "-M", "main")
    return Remote(folder)
