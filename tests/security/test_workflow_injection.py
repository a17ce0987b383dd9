"""What people write (branches, commits, comments, inputs) is never run by a workflow.

Each text tries to make a file. The steps are the workflows' own, with the real make and bash.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fleet.project import Project

from tests.kit import clones
from tests.kit.program import ROOT
from tests.kit.rehearsal.github import FakeGitHub
from tests.kit.rehearsal.runner import JobRun, Rehearsal
from tests.kit.rehearsal.workspace import Remote
from tests.kit.scripted import serving

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SHA = "a" * 40
# {c} is the file that must not come to be.
SHELL = (
    "$(touch {c})",
    "`touch {c}`",
    "; touch {c}",
    "| touch {c}",
    "&& touch {c}",
    '"; touch {c}; "',
    "'; touch {c}; '",
    "$(shell touch {c})",
    "staging\ntouch {c}",
    "staging\r\nenvironment=prod",
)
TABLE = [
    *[("comment", f"/lambda deploy {text}") for text in SHELL],
    ("comment", "/lambda deploy staging sync-clock$(touch {c})"),
    ("comment", "/lambda deploy staging\n$(touch {c})"),
    *[("function", text) for text in SHELL[:4]],
    *[("environment", text) for text in SHELL[:3]],
    *[("image_tag", text) for text in SHELL[5:7]],
    ("image_tag", "--help"),
    ("strategy", "canary; touch {c}"),
    ("message", SHELL[0]),
    *[("branch", text) for text in (SHELL[0], SHELL[7])],
    *[("rollback tag", text) for text in (SHELL[0], SHELL[7], SHELL[5])],
    ("rollback function", "$(shell touch {c})"),
]


def test_the_table_has_thirty_rows() -> None:
    assert len(TABLE) == len(set(TABLE)) == 30


class Stubbed(Remote):
    """With a fleet that only writes down how it was called."""

    def checkout(self, folder: Path, ref: str) -> None:
        super().checkout(folder, ref)
        (folder / ".venv").unlink()
        program = folder / ".venv" / "bin" / "fleet"
        program.parent.mkdir(parents=True)
        program.write_text('#!/bin/bash\nprintf "called: %q " "$@"\n')
        program.chmod(0o755)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("remote")
    clones.clone(folder)
    (folder / ".fleet").unlink()
    clones.git(folder, "branch", "-M", "main")
    return folder


def run(root: Path, tmp_path: Path, kind: str, text: str) -> dict[str, JobRun]:
    """Run the workflow that the text would reach, with it in its place."""
    with serving(FakeGitHub()) as github:
        assert isinstance(github, FakeGitHub)
        github.heads[7] = (SHA, False)
        if kind.startswith("rollback"):
            inputs = {"environment": "dev", "function": "sync-clock", "tag": ""}
            inputs |= {kind.removeprefix("rollback "): text}
            rehearsal = Rehearsal(Stubbed(root), github, tmp_path)
            return rehearsal.run("rollback.yml", "workflow_dispatch", {"inputs": inputs})
        event, payload = said(kind, text)
        rehearsal = Rehearsal(Remote(root), github, tmp_path)
        # What it refuses comes to no other job.
        return rehearsal.run("deploy.yml", event, payload, only={"request"})


def said(kind: str, text: str) -> tuple[str, dict[str, Any]]:
    """The event that carries a text."""
    if kind == "comment":
        body = {"body": text, "user": {"login": "maria"}}
        return "issue_comment", {"issue": {"number": 7, "pull_request": {}}, "comment": body}
    if kind in {"message", "branch"}:
        commit = {"id": SHA, "message": text}
        return "push", {"ref": f"refs/heads/{text}", "head_commit": commit, "commits": [commit]}
    return "workflow_dispatch", {"inputs": {"environment": "staging", kind: text}}


@pytest.mark.parametrize(("kind", "text"), TABLE)
def test_nothing_that_people_write_is_run(root: Path, tmp_path: Path, kind: str, text: str) -> None:
    canary = tmp_path / "canary"
    jobs = run(root, tmp_path / "runs", kind, text.format(c=canary))
    assert not canary.exists()
    assert not list(tmp_path.rglob("canary*"))
    request = jobs.get("request")
    if request:
        functions = {"changed", "all", *Project(ROOT).functions}
        assert request.outputs["environment"] in {"", "dev", "staging"}
        assert set(request.outputs["function"].split(",")) <= functions | {""}
        assert re.fullmatch(r"[0-9a-f]{40}|", request.outputs["tag"])
    else:
        rollback = jobs["rollback"].step("Roll back")
        assert "called: rollback" in rollback.log


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_no_script_holds_an_expression(file: Path) -> None:
    for job in yaml.safe_load(file.read_text())["jobs"].values():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(file: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: (.+)$", file.read_text(), re.MULTILINE)
    foreign = [line for line in used if not line.startswith("./")]
    wrong = [u for u in foreign if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", u)]
    assert (wrong, bool(used)) == ([], True)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_step_is_a_make_target_with_least_permissions(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {}
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for job in workflow["jobs"].values():
        assert "write-all" not in str(job["permissions"])
        for step in job.get("steps", []):
            for word in step.get("run", "make").split()[1:]:
                assert word in targets or word.startswith("github-")


def test_production_is_no_choice_until_it_opts_in() -> None:
    allowed = {name for name in Project(ROOT).release_to if name != "local"}
    for file in WORKFLOWS:
        inputs = (yaml.safe_load(file.read_text())[True].get("workflow_dispatch") or {}).get(
            "inputs", {}
        )
        for given in (inputs.get("environment") or {}).get("options", []):
            assert given in allowed
