"""The files of a checkout, as they are now or as they were at a commit."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from pathlib import Path

# What images and their configuration are made of.
_PARTS = (
    "images",
    "shared/function_kit",
    "shared/message_kit",
    "shared/fleet/prepare/uv.sh",
    "terraform",
    "docker-bake.hcl",
    ".dockerignore",
    "pyproject.toml",
    "uv.lock",
)


@dataclass(frozen=True)
class Tree:
    """File contents by path from the root.

    Attributes:
        executable: the paths whose files may be run; a package is installed with that.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()

    def text(self, path: str) -> str:
        """A file's text; empty when it is not there."""
        return self.files.get(path, b"").decode("utf-8", errors="replace")

    def under(self, folder: str) -> dict[str, bytes]:
        """The files of a folder, at any depth."""
        return {path: data for path, data in self.files.items() if path.startswith(f"{folder}/")}

    def without(self, paths: set[str]) -> Tree:
        """The same files but for some."""
        kept = {path: data for path, data in self.files.items() if path not in paths}
        return Tree(kept, self.executable - paths)

    @classmethod
    def now(cls, root: Path) -> Tree:
        """The checkout with its uncommitted changes; what git ignores is left out."""
        listed = _git(
            root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_PARTS
        )
        paths = [p for p in listed.decode().split("\0") if p and (root / p).is_file()]
        executable = frozenset(path for path in paths if os.access(root / path, os.X_OK))
        return cls({path: (root / path).read_bytes() for path in paths}, executable)

    @classmethod
    def at(cls, root: Path, ref: str) -> Tree:
        """The checkout at a commit.

        Raises:
            FleetError: git does not know it (USAGE).
        """
        commit = _commit(root, ref)
        there = _git(root, "ls-tree", "--name-only", commit, "--", *_PARTS).decode().split()
        archive = _git(root, "archive", "--format=tar", commit, "--", *there) if there else b""
        if not archive:
            return cls()
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            members = [member for member in tar.getmembers() if member.isfile()]
            files = {member.name: tar.extractfile(member) for member in members}
            executable = frozenset(m.name for m in members if m.mode & stat.S_IXUSR)
            return cls({name: found.read() for name, found in files.items() if found}, executable)


def _commit(root: Path, ref: str) -> str:
    try:
        found = _git(
            root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
        )
    except FleetError as error:
        shallow = _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
        todo = (
            "this clone is shallow: fetch more of its history (actions/checkout: fetch-depth: 0)"
            if shallow
            else "give a commit, branch or tag that `git log` knows"
        )
        raise FleetError(f"git knows no commit {ref}", todo, ExitCode.USAGE) from error
    return found.decode().strip()


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        ended = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise FleetError(f"git cannot be run: {error}", "install git") from error
    if ended.returncode:
        reason = ended.stderr.decode(errors="replace").strip()
        raise FleetError(f"git {arguments[0]} failed: {reason}", "run this in a git checkout")
    return ended.stdout
