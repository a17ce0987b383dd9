"""The files of a checkout, as they are now or as they were at a commit."""

from __future__ import annotations

import io
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
    "terraform",
    "docker-bake.hcl",
    ".dockerignore",
    "uv.lock",
)


@dataclass(frozen=True)
class Tree:
    """File contents by path from the root."""

    files: dict[str, bytes] = field(default_factory=dict)

    def text(self, path: str) -> str:
        """A file's text; empty when it is not there."""
        return self.files.get(path, b"").decode("utf-8", errors="replace")

    def under(self, folder: str) -> dict[str, bytes]:
        """The files of a folder, at any depth."""
        return {path: data for path, data in self.files.items() if path.startswith(f"{folder}/")}

    @classmethod
    def now(cls, root: Path) -> Tree:
        """The checkout with its uncommitted changes; what git ignores is left out."""
        listed = _git(
            root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_PARTS
        )
        paths = [path for path in listed.decode().split("\0") if path]
        return cls({path: (root / path).read_bytes() for path in paths if (root / path).is_file()})

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
            files = {m.name: tar.extractfile(m) for m in tar.getmembers() if m.isfile()}
            return cls({name: found.read() for name, found in files.items() if found})


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
    ended = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    if ended.returncode:
        reason = ended.stderr.decode(errors="replace").strip()
        raise FleetError(f"git {arguments[0]} failed: {reason}", "run this in a git checkout")
    return ended.stdout
