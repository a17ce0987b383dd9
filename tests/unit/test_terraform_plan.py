"""What `terraform` is asked to do: by plans that are kept and applied, and by a person."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from fleet.cli import app
from fleet.commands.options import Workplace
from fleet.environments import Environment
from fleet.errors import FleetError
from fleet.project import Project
from fleet.stack.terraform import Terraform
from typer.testing import CliRunner

DEV = Environment("dev", "lambda-fleet", "eu-west-1", "arm64", None, releases=True)


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """One whose program writes down its arguments; `show` answers with an empty plan."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/bash\nprintf "%s\\n" "$*" >> {tmp_path}/called\n'
        f'echo "$TF_DATA_DIR" >> {tmp_path}/data\n'
        'case "$2" in show|output) echo {} ;; plan) exit 2 ;; '
        'init) mkdir -p "$TF_DATA_DIR"; touch "$TF_DATA_DIR/terraform.tfstate" ;; esac\n'
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


def test_outputs_are_there_on_a_machine_that_has_not_been_prepared_once(
    terraform: Terraform, tmp_path: Path
) -> None:
    assert terraform.outputs() == terraform.outputs() == {}
    verbs = [line.split()[1] for line in called(tmp_path)]
    assert verbs == ["init", "output", "output"]


@pytest.mark.parametrize("verb", ["plan", "apply", "destroy", "import", "refresh", "console"])
def test_what_reads_values_gets_those_of_the_environment(
    terraform: Terraform, tmp_path: Path, verb: str
) -> None:
    values = tmp_path / "terraform" / "environments" / "dev.tfvars"
    terraform.pass_on([verb, "-target=aws_vpc.this"])
    (given,) = called(tmp_path)
    assert given == (
        f"-chdir={tmp_path}/terraform {verb} "
        f"-var-file={values} -var=architecture=arm64 -target=aws_vpc.this"
    )


@pytest.mark.parametrize("words", [["state", "rm", "aws_vpc.this"], ["apply", "kept.tfplan"]])
def test_nothing_is_added_to_what_takes_no_values(
    terraform: Terraform, tmp_path: Path, words: list[str]
) -> None:
    terraform.pass_on(words)
    (given,) = called(tmp_path)
    assert given == f"-chdir={tmp_path}/terraform {' '.join(words)}"


def test_the_verb_prepares_the_backend_and_ends_with_terraforms_exit_code(
    terraform: Terraform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = SimpleNamespace(terraform=terraform)
    monkeypatch.setattr(Workplace, "of", lambda _: place)
    ended = CliRunner().invoke(app, ["terraform", "--env", "dev", "--", "plan", "-out=kept"])
    assert ended.exit_code == 2
    first, second = called(tmp_path)
    assert "init" in first
    assert "-backend-config=environments/dev.s3.tfbackend" in first
    assert second.endswith("-out=kept")
    assert (tmp_path / "data").read_text().split() == [
        f"{tmp_path}/.fleet/terraform/dev",
        f"{tmp_path}/.fleet/terraform/dev",
    ]
