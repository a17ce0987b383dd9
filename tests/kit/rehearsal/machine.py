"""A runner's machine: one folder, the steps' files, and stand-ins for the actions."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.kit import program
from tests.kit.rehearsal import expressions
from tests.kit.rehearsal.github import REPOSITORY, FakeGitHub
from tests.kit.rehearsal.workspace import Remote

# Without this the local AWS would take whoever asks for its root.
NOBODY = {
    "FLEET_LOCAL_AWS_ACCESS_KEY_ID": "nobody",
    "FLEET_LOCAL_AWS_SECRET_ACCESS_KEY": "nobody",
}


@dataclass
class StepRun:
    """One step that was looked at.

    Attributes:
        outcome: success, failure or skipped.
        log: what it wrote, to both channels.
    """

    name: str
    outcome: str
    seconds: float = 0.0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


class Site(Protocol):
    """Where machines are: a repository and its GitHub."""

    remote: Remote
    github: FakeGitHub
    environment: dict[str, str]


class Machine:
    """A runner's machine: one folder, the steps' files, and stand-ins for the actions."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        github: dict[str, Any],
        event: Path,
        role: dict[str, str],
    ) -> None:
        folder.mkdir()
        self._site = site
        self._folder = folder
        self._workspace = folder / "workspace"
        self._workspace.mkdir()
        self._github = github
        self._event = event
        self._role = role
        self._who = NOBODY
        self.actions: list[tuple[str, dict[str, Any]]] = []
        self._summary = folder / "summary.md"

    @property
    def summary(self) -> str:
        return self._summary.read_text() if self._summary.exists() else ""

    def shell(self, done: StepRun, script: str, variables: dict[str, Any]) -> None:
        """Run a script as GitHub does: bash, and its first failure ends it."""
        outputs = self._folder / "outputs"
        outputs.write_text("")
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self._workspace,
            env=self._environment(outputs)
            | {key: expressions.as_text(value) for key, value in variables.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        done.log = ended.stdout
        done.outcome = "failure" if ended.returncode else "success"
        lines = (line.partition("=") for line in outputs.read_text().splitlines())
        done.outputs = {name: value for name, _, value in lines}

    def action(self, done: StepRun, uses: str, given: dict[str, Any]) -> None:
        """Do what an action would; all but the checkout have nothing to do on this machine."""
        name = uses.partition("@")[0]
        self.actions.append((name, given))
        done.outcome = "success"
        if name == "aws-actions/configure-aws-credentials":
            self._who = self._role
        if name == "actions/checkout":
            self._site.remote.checkout(
                self._workspace, str(given.get("ref") or self._github["sha"])
            )

    def _environment(self, outputs: Path) -> dict[str, str]:
        return (
            program.environment(GITHUB_TOKEN=None)
            | self._site.environment
            | self._who
            | {
                "CI": "true",
                "GITHUB_ACTOR": self._github["actor"],
                "GITHUB_API_URL": self._site.github.url,
                "GITHUB_EVENT_NAME": self._github["event_name"],
                "GITHUB_EVENT_PATH": str(self._event),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_RUN_ID": self._github["run_id"],
                "GITHUB_SHA": self._github["sha"],
                "GITHUB_STEP_SUMMARY": str(self._summary),
            }
        )
