"""What a job of a workflow needs is there: Terraform, and a role for as long as the job may run."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.kit.program import ROOT

VERBS = ROOT / "shared" / "fleet" / "src" / "fleet" / "commands"
# GitHub's own images have no Terraform, and these targets do without.
WITHOUT_TERRAFORM = {
    "audit",
    "build",
    "compare",
    "deploy",
    "github-begin",
    "github-gate",
    "github-matrix",
    "github-report",
    "github-request",
    "promote",
    "push",
    "rebuild",
    "rollback",
    "scan",
    "scan-live",
    "status",
}
JOBS = {
    f"{file.name}: {name}": job
    for file in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items()
    if "steps" in job
}


def targets(job: dict[str, Any]) -> set[str]:
    return {word for step in job["steps"] for word in step.get("run", "make").split()[1:]}


def uses(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_needs_terraform_installs_it(job: str) -> None:
    if targets(JOBS[job]) - WITHOUT_TERRAFORM:
        assert uses(JOBS[job], "hashicorp/setup-terraform")


def test_some_jobs_need_terraform_and_some_do_not() -> None:
    needing = {name for name, job in JOBS.items() if targets(job) - WITHOUT_TERRAFORM}
    assert {"ci.yml: lint", "ci.yml: test", "deploy.yml: release"} <= needing
    assert {"ci.yml: changed", "ci.yml: gate", "deploy.yml: request"} & needing == set()


@pytest.mark.parametrize("target", sorted(WITHOUT_TERRAFORM - {"audit", "compare"}))
def test_verbs_that_do_without_terraform_do_not_ask_it(target: str) -> None:
    recipe = re.search(
        rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    words = recipe[1].split("$(FLEET) ")[1].split() if recipe else target.split("-")
    module = VERBS.joinpath(*words[: 1 if recipe else 2]).with_suffix(".py")
    assert "place.terraform" not in module.read_text(encoding="utf-8")


def longest_session() -> int:
    text = (ROOT / "terraform" / "github.tf").read_text(encoding="utf-8")
    found = re.search(r"max_session_duration = (\d+)", text)
    assert found
    return int(found[1])


@pytest.mark.parametrize("job", JOBS)
def test_a_role_lasts_as_long_as_the_job_may_run(job: str) -> None:
    """Without a word about it a session ends after an hour, in the middle of a long release."""
    for step in uses(JOBS[job], "aws-actions/configure-aws-credentials"):
        lasts = int(step["with"].get("role-duration-seconds", 3600))
        assert min(JOBS[job]["timeout-minutes"] * 60, longest_session()) <= lasts
        assert lasts <= longest_session()
