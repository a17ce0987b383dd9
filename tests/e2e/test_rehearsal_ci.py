"""The workflows that look and do not deliver: pull requests and drift, on the local stack.

`make lint`, `make audit` and `make test` are neighbours of this very suite and not run inside it;
Trivy is a stand-in that finds nothing, as its database of advisories is on the network.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.kit.rehearsal.environments import CLOCK
from tests.kit.rehearsal.github import REPOSITORY
from tests.kit.rehearsal.runner import Rehearsal

pytestmark = pytest.mark.stack
CLOCK_HANDLER = "images/sync-clock/src/sync_clock/handler.py"
WELL = {"lint": "success", "test": "success", "plan": "success"}
CI = {"changed", "images", "gate"}


@pytest.fixture
def trivy(rehearsal: Rehearsal, tmp_path: Path) -> Path:
    """A Trivy that finds nothing; what it was asked."""
    asked = tmp_path / "asked"
    program = tmp_path / "bin" / "trivy"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {asked}\nwhile [ $# -gt 1 ]; do'
        ' [ "$1" = --output ] && echo "{}" > "$2"; shift; done\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    rehearsal.environment["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return asked


def pull_request(base: str) -> dict[str, Any]:
    return {
        "pull_request": {
            "number": 8,
            "base": {"sha": base},
            "head": {"repo": {"full_name": REPOSITORY}},
        }
    }


def test_a_pull_request_builds_what_it_changes_and_a_gate_holds_the_results(
    rehearsal: Rehearsal, trivy: Path
) -> None:
    base = rehearsal.remote.head()
    rehearsal.remote.commit("Change a line", {CLOCK_HANDLER: "\n# For a pull request.\n"})
    jobs = rehearsal.run("ci.yml", "pull_request", pull_request(base), only=CI, others=WELL)
    assert jobs["images"].result == "success", jobs["images"].log
    built = [step.log for step in jobs["images"].steps if step.name == "Build"]
    assert len(built) == 1
    assert CLOCK in built[0]
    assert CLOCK in trivy.read_text(encoding="utf-8")
    kept = [given["name"] for name, given in jobs["images"].actions if "upload" in name]
    assert kept == [f"image-{CLOCK}"]
    assert jobs["gate"].result == "success", jobs["gate"].log


def test_a_pull_request_without_images_passes_and_one_with_a_red_test_does_not(
    rehearsal: Rehearsal,
) -> None:
    base = rehearsal.remote.head()
    rehearsal.remote.commit("Say more", {"README.md": "\nMore.\n"})
    for ended, wanted in (("success", "success"), ("failure", "failure")):
        others = WELL | {"test": ended}
        jobs = rehearsal.run("ci.yml", "pull_request", pull_request(base), only=CI, others=others)
        assert jobs["images"].result == "skipped"
        assert jobs["gate"].result == wanted, jobs["gate"].log


def test_an_environment_that_differs_keeps_one_issue_open(rehearsal: Rehearsal) -> None:
    """The local AWS leaves attributes of alarms out, which a plan wants to put back."""
    rehearsal.roles[""] = {}  # ReadOnlyAccess is AWS's own and not known here
    for _ in range(2):
        jobs = rehearsal.run("drift.yml", "schedule", {})
        assert jobs["look"].result == "success", jobs["look"].log
    titles = sorted(issue["title"] for issue in rehearsal.github.issues)
    assert titles == [f"{name} differs from what it should be" for name in ("dev", "staging")]
