"""The checkout: where it is, which functions it holds, what commit it is at."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fleet.errors import ExitCode, FleetError


@dataclass(frozen=True)
class SampleEvent:
    """An event of `images/<function>/events/` and the part of the answer to expect."""

    name: str
    event: Any
    expect: Any


@dataclass(frozen=True)
class Project:
    """A checkout of the fleet."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The checkout that holds a folder (the current one by default)."""
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "docker-bake.hcl").exists() and (folder / "images").is_dir():
                return cls(folder)
        raise FleetError(
            f"{start} is not inside a Lambda Fleet checkout",
            "change into the checkout (the folder with docker-bake.hcl) and try again",
            ExitCode.USAGE,
        )

    @cached_property
    def _settings(self) -> dict[str, Any]:
        document = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        settings: dict[str, Any] = document["tool"]["fleet"]
        return settings

    @property
    def name(self) -> str:
        """The prefix of every resource's name, from `[tool.fleet]` in pyproject.toml."""
        return str(self._settings["project"])

    @property
    def release_to(self) -> tuple[str, ...]:
        """The environments that opted in to releases, from `[tool.fleet]`."""
        return tuple(self._settings["release_to"])

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Every function: the folders under images/ that are packages, sorted."""
        return tuple(sorted(p.parent.name for p in self.root.glob("images/*/pyproject.toml")))

    def select(self, wanted: str) -> tuple[str, ...]:
        """Functions by a comma-separated list, or `all`."""
        if wanted == "all":
            return self.functions
        names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",") if name.strip()))
        unknown = sorted(set(names) - set(self.functions))
        if unknown or not names:
            raise FleetError(
                f"unknown function: {', '.join(unknown) or '(none given)'}",
                f"use one of {', '.join(self.functions)}, or all",
                ExitCode.USAGE,
            )
        return names

    def select_one(self, wanted: str) -> str:
        """One function, for verbs that show one thing."""
        names = self.select(wanted)
        if len(names) > 1:
            raise FleetError(
                f"this takes one function, not {', '.join(names)}",
                f"give one: --function {names[0]} (with make: FN={names[0]})",
                ExitCode.USAGE,
            )
        return names[0]

    @property
    def state(self) -> Path:
        """Where tools and the local stack keep their files; ignored by git."""
        folder = self.root / ".fleet"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def reports(self) -> Path:
        """Where commands write reports."""
        folder = self.root / "build"
        folder.mkdir(exist_ok=True)
        return folder

    def smoke(self, function: str) -> SampleEvent:
        """The event that a release sends to a new version."""
        return self.event(function, "smoke")

    def after(self, function: str) -> tuple[str, ...]:
        """The functions that have to be released, and their `runs` event run, before this one."""
        return tuple(self._image(function).get("after", ()))

    def runs(self, function: str) -> SampleEvent | None:
        """The event that a new version has to pass before it goes live, beside the smoke event."""
        name = self._image(function).get("runs")
        return self.event(function, name) if name else None

    def _image(self, function: str) -> dict[str, Any]:
        """`[tool.lambda-image]` of a function."""
        path = self.root / "images" / function / "pyproject.toml"
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        table: dict[str, Any] = document.get("tool", {}).get("lambda-image", {})
        return table

    def event(self, function: str, name: str) -> SampleEvent:
        """A sample event of a function."""
        path = self.root / "images" / function / "events" / f"{name}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return SampleEvent(name, content["event"], content.get("expect", {}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json")))
            raise FleetError(
                f"{path.relative_to(self.root)} is not a sample event: {error!r}",
                f'write it as {{"event": …, "expect": …}}, or use one of: {known or "(none)"}',
            ) from error

    def commit(self) -> str:
        """The tag of what is checked out: the commit's SHA.

        With uncommitted changes a hash of them is added, so that a tag never names two
        different contents.
        """
        sha = self._git("rev-parse", "HEAD").strip()
        changes = self._git("status", "--porcelain", "--untracked-files=all")
        if not changes.strip():
            return sha
        digest = hashlib.sha256(changes.encode())
        digest.update(self._git("diff", "HEAD").encode())
        for line in changes.splitlines():
            path = self.root / line[3:].strip('"')
            if line.startswith("??") and path.is_file():
                digest.update(path.read_bytes())
        return f"{sha}-dirty-{digest.hexdigest()[:12]}"

    def _git(self, *arguments: str) -> str:
        try:
            command = ["git", "-C", str(self.root), *arguments]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise FleetError(
                "the commit of this checkout cannot be read",
                "run inside a git clone with at least one commit, or give --tag",
            ) from error
