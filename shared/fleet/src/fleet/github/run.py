"""A workflow's run, as its runner describes it: the event, and where a step leaves its results."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.errors import ExitCode, FleetError


@dataclass(frozen=True)
class Run:
    """One run of a workflow.

    Attributes:
        event: its name, such as push.
        payload: what GitHub sent with it; texts in it are anybody's.
        repository: owner/name.
        sha: the commit that the run was started for.
        actor: who started it.
        url: its page.
    """

    event: str
    payload: dict[str, Any]
    repository: str
    sha: str
    actor: str
    url: str

    @classmethod
    def of_this_process(cls) -> Run:
        """The run around this process.

        Raises:
            FleetError: there is none (USAGE).
        """
        try:
            payload = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
            repository = os.environ["GITHUB_REPOSITORY"]
            server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
            return cls(
                event=os.environ["GITHUB_EVENT_NAME"],
                payload=payload,
                repository=repository,
                sha=os.environ["GITHUB_SHA"],
                actor=os.environ["GITHUB_ACTOR"],
                url=f"{server}/{repository}/actions/runs/{os.environ['GITHUB_RUN_ID']}",
            )
        except (KeyError, OSError, ValueError) as error:
            raise FleetError(
                f"this is no step of a GitHub workflow: {error!r}",
                "call the verbs of `fleet github` from .github/workflows; "
                "tests/kit/rehearsal runs those on a laptop",
                ExitCode.USAGE,
            ) from error

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request that the event is about."""
        issue = self.payload.get("issue") or {}
        if "pull_request" in issue:
            return int(issue["number"])
        request = self.payload.get("pull_request")
        return int(request["number"]) if request else None


def write_outputs(values: dict[str, str]) -> None:
    """Leave a step's outputs.

    Values are one line each: whoever could put a line break into one could set another output.

    Raises:
        ValueError: one is not.
    """
    lines = []
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise ValueError(f"the output {name} has more than one line")
        lines.append(f"{name}={value}\n")
    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(lines)


def summarise(markdown: str) -> None:
    """Add Markdown to the job's summary, where there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(markdown.rstrip() + "\n\n")
