"""The workflows' first jobs, as GitHub would run them: what never comes as far as a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import clones
from tests.kit.rehearsal.github import FakeGitHub
from tests.kit.rehearsal.runner import Rehearsal
from tests.kit.rehearsal.workspace import Remote
from tests.kit.scripted import serving


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    folder = tmp_path_factory.mktemp("remote")
    clones.clone(folder)
    (folder / ".fleet").unlink()
    clones.git(folder, "branch", "-M", "main")
    return Remote(folder)


@pytest.fixture
def rehearsal(remote: Remote, tmp_path: Path) -> Iterator[Rehearsal]:
    with serving(FakeGitHub()) as github:
        assert isinstance(github, FakeGitHub)
        github.heads[7] = (remote.head(), False)
        yield Rehearsal(remote, github, tmp_path)


def test_production_is_refused_by_dispatch(rehearsal: Rehearsal) -> None:
    inputs = {"environment": "prod", "function": "all"}
    jobs = rehearsal.run("deploy.yml", "workflow_dispatch", {"inputs": inputs})
    assert (jobs["request"].result, jobs["release"].result) == ("failure", "skipped")
    assert "releases to prod are refused by policy" in jobs["request"].log
    assert "Not deployed" in jobs["request"].summary
    assert rehearsal.github.deployments == []


def test_production_is_refused_by_comment_and_said_there(rehearsal: Rehearsal) -> None:
    body = {"body": "/lambda deploy prod", "user": {"login": "maria"}}
    said = {"issue": {"number": 7, "pull_request": {"url": "…"}}, "comment": body}
    jobs = rehearsal.run("deploy.yml", "issue_comment", said)
    assert jobs["release"].result == "skipped"
    (answer,) = rehearsal.github.said(7)
    assert "releases to prod are refused by policy" in answer


def test_a_rollback_of_production_is_refused_by_fleet_itself(rehearsal: Rehearsal) -> None:
    inputs = {"environment": "prod", "function": "sync-clock", "tag": ""}
    jobs = rehearsal.run("rollback.yml", "workflow_dispatch", {"inputs": inputs})
    rollback = jobs["rollback"]
    assert rollback.step("Roll back").outcome == "failure"
    assert "releases to prod are refused by policy" in rollback.log


def test_a_comment_that_is_no_command_starts_nothing(rehearsal: Rehearsal) -> None:
    body = {"body": "What does /lambda deploy do?", "user": {"login": "maria"}}
    said = {"issue": {"number": 7, "pull_request": {"url": "…"}}, "comment": body}
    jobs = rehearsal.run("deploy.yml", "issue_comment", said)
    assert {job.result for job in jobs.values()} == {"skipped"}


def test_the_pull_request_s_own_code_does_not_decide(rehearsal: Rehearsal) -> None:
    body = {"body": "/lambda deploy staging", "user": {"login": "maria"}}
    said = {"issue": {"number": 7, "pull_request": {"url": "…"}}, "comment": body}
    opened = {"Makefile": "\ngithub-request:\n\t@echo environment=prod >> $$GITHUB_OUTPUT\n"}
    rehearsal.github.heads[7] = (rehearsal.remote.commit("Mine", opened, "evil"), False)
    jobs = rehearsal.run("deploy.yml", "issue_comment", said, only={"request"})
    assert jobs["request"].outputs["environment"] == "staging"


def test_a_fork_is_refused(rehearsal: Rehearsal) -> None:
    rehearsal.github.heads[7] = (rehearsal.remote.head(), True)
    body = {"body": "/lambda deploy staging", "user": {"login": "maria"}}
    said = {"issue": {"number": 7, "pull_request": {"url": "…"}}, "comment": body}
    jobs = rehearsal.run("deploy.yml", "issue_comment", said)
    assert jobs["release"].result == "skipped"
    assert "in a fork" in rehearsal.github.said(7)[0]
