"""fleet scan, promote and the small steps of workflows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fleet import environments
from fleet.commands.github.gate import gate
from fleet.commands.github.report import report
from fleet.commands.promote import promote
from fleet.commands.scan import scan
from fleet.environments import Environment
from fleet.errors import ExitCode, FleetError
from fleet.images import versions
from fleet.images.account import use_registry_of
from fleet.project import Project

from tests.kit.answering import Answering
from tests.kit.program import ROOT
from tests.kit.rehearsal.github import REPOSITORY, TOKEN, FakeGitHub
from tests.kit.scripted import serving

CLOUD = Environment("staging", "lambda-fleet", "eu-west-1", "arm64", None, releases=True)
OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.mark.parametrize(
    ("results", "skippable", "passes"),
    [
        ({"lint": "success", "test": "success"}, "", True),
        ({"lint": "success", "images": "skipped"}, "images plan", True),
        ({"lint": "skipped"}, "images plan", False),
        ({"images": "failure"}, "images plan", False),
        ({"lint": "cancelled"}, "lint", False),
        ({}, "", False),
    ],
)
def test_the_gate_opens_when_all_went_well(
    results: dict[str, str], skippable: str, passes: bool
) -> None:
    needs = json.dumps({job: {"result": result} for job, result in results.items()})
    if passes:
        gate(needs, skippable)
        return
    with pytest.raises(FleetError) as refused:
        gate(needs, skippable)
    assert refused.value.code is ExitCode.REFUSED


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Answering:
    answering = Answering("ecr")
    monkeypatch.setattr(Environment, "client", lambda self, service, **_: answering.client)
    return answering


def holding(images: dict[str, str]) -> Any:
    """A registry with these digests by tag."""

    def answer(operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if "imageIds" not in given:
            return {}
        (wanted,) = given["imageIds"]
        digest = wanted.get("imageDigest") or images.get(wanted["imageTag"])
        found = {"imageId": {"imageDigest": digest}, "imageManifest": "{…}"}
        return {"images": [found] if digest in images.values() else [], "failures": []}

    return answer


def test_a_version_is_one_more_tag_of_the_very_manifest(ecr: Answering) -> None:
    ecr.reset(holding({"abc": OLD}))
    assert versions.add_tag(CLOUD, "sync-clock", OLD, "v1.2.3") is True
    name, given = ecr.calls[-1]
    assert name == "PutImage"
    assert (given["imageTag"], given["imageManifest"]) == ("v1.2.3", "{…}")
    assert given["repositoryName"] == "lambda-fleet/sync-clock"


def test_a_version_that_is_there_is_no_work(ecr: Answering) -> None:
    ecr.reset(holding({"v1.2.3": OLD}))
    assert versions.add_tag(CLOUD, "sync-clock", OLD, "v1.2.3") is False
    assert "PutImage" not in [name for name, _ in ecr.calls]


@pytest.mark.parametrize(
    ("images", "digest", "reason"),
    [({"v1.2.3": NEW, "abc": OLD}, OLD, "another image"), ({"abc": NEW}, OLD, "is gone")],
)
def test_a_version_is_for_good(
    ecr: Answering, images: dict[str, str], digest: str, reason: str
) -> None:
    ecr.reset(holding(images))
    with pytest.raises(FleetError, match=reason):
        versions.add_tag(CLOUD, "sync-clock", digest, "v1.2.3")
    assert "PutImage" not in [name for name, _ in ecr.calls]


def test_images_of_another_account_are_asked_for_there(ecr: Answering) -> None:
    account = "210987654321"
    use_registry_of(ecr.client, account)
    ecr.reset(holding({"abc": OLD}))
    versions.add_tag(CLOUD, "sync-clock", OLD, "v1.2.3")
    ecr.client.get_authorization_token()
    assert {given.get("registryId") for _, given in ecr.calls[:-1]} == {account}
    assert ecr.calls[-1][1]["registryIds"] == [account]


def test_the_tfvars_say_whose_registry_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "terraform" / "environments"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.fleet]\nproject = "p"\nrelease_to = []\n')
    (folder / "dev.tfvars").write_text(
        'environment = "dev"\nregistry = { create = false, account_id = "210987654321" }\n'
    )
    (folder / "staging.tfvars").write_text('environment = "staging"\n')
    names = ("dev", "staging")
    found = [environments.load(Project(tmp_path), name).registry_account for name in names]
    assert found == ["210987654321", ""]


@pytest.mark.parametrize("version", ["1.2.3", "v1.2", "v01.2.3", "v1.2.3 x", "latest", ""])
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(FleetError) as refused:
        promote(version, "staging")
    assert refused.value.code is ExitCode.USAGE


def trivy(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> Path:
    """A stand-in on the PATH that writes down its arguments, and a report."""
    called = folder / "called"
    program = folder / "trivy"
    program.write_text(
        f'#!/bin/bash\necho "$@" >> {called}\n'
        'while [ $# -gt 1 ]; do [ "$1" = --output ] && echo "CVE-2026-1" > "$2"; shift; done\n'
        f"exit {code}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.chdir(ROOT)
    return called


def test_a_clean_image_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = trivy(tmp_path, monkeypatch, 0)
    scan("local", "sync-clock", "abc")
    said = called.read_text()
    assert said.endswith(" lambda-fleet/sync-clock:abc\n")
    assert "--severity HIGH,CRITICAL --ignore-unfixed" in said


@pytest.mark.parametrize(("code", "exit_code"), [(1, ExitCode.REFUSED), (2, ExitCode.PREFLIGHT)])
def test_findings_and_failures_of_a_scan_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, exit_code: ExitCode
) -> None:
    trivy(tmp_path, monkeypatch, code)
    with pytest.raises(FleetError) as failed:
        scan("local", "sync-clock", "abc")
    assert failed.value.code is exit_code


def test_without_trivy_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="trivy is not on the PATH"):
        scan("local", "sync-clock")


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A step's environment in a checkout of its own, and its GitHub."""
    (tmp_path / "images").mkdir()
    (tmp_path / "docker-bake.hcl").touch()
    (tmp_path / "event.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with serving(FakeGitHub()) as github:
        variables = {
            "GITHUB_ACTOR": "maria",
            "GITHUB_API_URL": github.url,
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "1",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_TOKEN": TOKEN,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield github


@pytest.mark.parametrize(
    ("exit_code", "outcome", "state", "said"),
    [
        (None, "failure", "failure", "failed before any change"),
        (None, "success", "success", "no function differed"),
        (None, "cancelled", "error", "failed before any change"),
        (0, "success", "success", "release done"),
        (0, "failure", "failure", "release done, and what followed it failed"),
        (5, "failure", "failure", "release failed, and put back"),
        (6, "failure", "failure", "release failed, and a person is needed"),
    ],
)
def test_a_deployment_ends_as_the_release_did(
    job: FakeGitHub, tmp_path: Path, exit_code: int | None, outcome: str, state: str, said: str
) -> None:
    job.deployments.append({"id": 1})
    if exit_code is not None:
        folder = tmp_path / "build" / "release"
        folder.mkdir(parents=True)
        (folder / "latest.md").write_text("the report")
        written = {"exit_code": exit_code, "kind": "release"}
        (folder / "latest.json").write_text(json.dumps(written))
    report("dev", "1", outcome, "7")
    assert (job.state(1), job.states[1][0]["description"]) == (state, said)
    assert f"**dev: {said}**" in job.said(7)[0]
    assert ("the report" in job.said(7)[0]) is (exit_code is not None)
