"""A plan that is kept, and applied as it was read: what `terraform` is asked to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet.environments import Environment
from fleet.errors import FleetError
from fleet.project import Project
from fleet.stack.terraform import Terraform

DEV = Environment("dev", "lambda-fleet", "eu-west-1", "arm64", None, releases=True)


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """One whose program writes down its arguments; `show` answers with an empty plan."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/bash\nprintf "%s\\n" "$*" >> {tmp_path}/called\n'
        'case "$2" in show) echo {} ;; plan) exit 2 ;; esac\n'
        '[ ! -e "$(dirname "$0")/fails" ]\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return Terraform(Project(tmp_path), DEV)


def called(tmp_path: Path) -> list[str]:
    return (tmp_path / "called").read_text().splitlines()


def test_a_plan_is_kept_where_it_is_asked_for_and_takes_no_lock(
    terraform: Terraform, tmp_path: Path
) -> None:
    kept = tmp_path / "deep" / "plan.tfplan"
    assert terraform.plan(file=kept) == (True, {})
    planned, shown = called(tmp_path)
    assert f"-out={kept}" in planned
    assert "-lock=false" in planned
    assert shown.endswith(f"show -json {kept}")


def test_a_kept_plan_is_applied_without_a_word_more(terraform: Terraform, tmp_path: Path) -> None:
    terraform.apply_plan(tmp_path / "plan.tfplan")
    (applied,) = called(tmp_path)
    assert applied.endswith(f"apply -input=false -no-color {tmp_path}/plan.tfplan")


def test_an_outdated_plan_is_an_error_for_a_person(terraform: Terraform, tmp_path: Path) -> None:
    (tmp_path / "bin" / "fails").touch()
    with pytest.raises(FleetError, match="terraform apply failed"):
        terraform.apply_plan(tmp_path / "plan.tfplan")
