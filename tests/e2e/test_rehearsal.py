"""The workflows that deliver, step by step on the local stack: see tests/kit/rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet import environments
from fleet.commands.bootstrap import REGISTRY, build_and_push
from fleet.commands.options import Workplace
from fleet.project import Project

from tests.e2e.conftest import Stack, name_the_stack
from tests.kit.program import ROOT, fleet
from tests.kit.rehearsal.github import FakeGitHub
from tests.kit.rehearsal.runner import JobRun, Rehearsal
from tests.kit.rehearsal.workspace import Remote, bring_tools, small_fleet
from tests.kit.scripted import serving

pytestmark = pytest.mark.stack
CLOCK, LINKS = "sync-clock", "generate-presigned-url"
CLOCK_HANDLER = "images/sync-clock/src/sync_clock/handler.py"
BROKEN = '\n\ndef handler(event, context):\n    raise RuntimeError("broken on purpose")\n'


def make_environment(remote: Remote, name: str) -> None:
    """What bootstrap does, for the small fleet: registry, images, the rest, a first release."""
    project = Project(remote.root)
    place = Workplace(project, environments.load(project, name))
    place.environment.client("s3").create_bucket(Bucket=f"rehearsal-{name}-state")
    place.terraform.init()
    if name == "dev":
        place.terraform.apply(*REGISTRY)
    build_and_push(place, project.commit())
    place.terraform.apply(image_tag=project.commit())
    ended = fleet("release", "--env", name, cwd=remote.root)
    assert ended.code == 0, ended.err


@pytest.fixture(scope="module")
def remote(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Remote:
    kit = ROOT / "tests" / "kit" / "rehearsal" / "terraform"
    made = small_fleet(tmp_path_factory.mktemp("remote") / "fleet", {CLOCK, LINKS}, kit)
    bring_tools(made.root)
    with pytest.MonkeyPatch.context() as patch:
        name_the_stack(patch)
        for name in ("dev", "staging"):
            make_environment(made, name)
    return made


@pytest.fixture
def rehearsal(remote: Remote, tmp_path: Path) -> Iterator[Rehearsal]:
    """A GitHub that knows that main was deployed to both."""
    with serving(FakeGitHub()) as github:
        assert isinstance(github, FakeGitHub)
        for number, name in enumerate(("dev", "staging"), start=1):
            values = {"id": number, "environment": name, "task": "fleet", "sha": remote.head()}
            github.deployments.append(values | {"payload": {"function": "all", "tag": ""}})
            github.states[number] = [{"state": "success"}]
        yield Rehearsal(remote, github, tmp_path, variables={"DEPLOY_ROLE_ARN": "of-the-rehearsal"})


def live(remote: Remote, environment: str) -> dict[str, tuple[str, str]]:
    """By function: the tag and the version that are live."""
    rows = fleet("status", "--env", environment, "--json", cwd=remote.root).json
    return {row["function"]: (row["tag"], row["live_version"]) for row in rows}


def well(jobs: dict[str, JobRun]) -> None:
    for job in jobs.values():
        assert job.result == "success", job.log


def comment(body: str, author: str) -> dict[str, Any]:
    return {
        "issue": {"number": 7, "pull_request": {}},
        "comment": {"body": body, "user": {"login": author}},
    }


def test_a_push_to_main_releases_the_one_changed_function_to_dev(rehearsal: Rehearsal) -> None:
    before = live(rehearsal.remote, "dev")
    staging = live(rehearsal.remote, "staging")
    sha = rehearsal.remote.commit("Change a line", {CLOCK_HANDLER: "\n# A changed line.\n"})
    jobs = rehearsal.run("deploy.yml", "push", {"ref": "refs/heads/main"})
    well(jobs)
    after = live(rehearsal.remote, "dev")
    assert after[CLOCK][0] == sha
    assert after[LINKS] == before[LINKS]
    assert live(rehearsal.remote, "staging") == staging
    assert rehearsal.github.state(3) == "success"
    assert rehearsal.github.deployments[-1]["sha"] == sha
    assert "1 released" in jobs["release"].summary
    print({step.name: round(step.seconds, 1) for step in jobs["release"].steps})


def test_a_writer_s_comment_deploys_the_branch_to_staging_and_is_answered_once(
    rehearsal: Rehearsal,
) -> None:
    dev = live(rehearsal.remote, "dev")
    sha = rehearsal.remote.commit("On a branch", {CLOCK_HANDLER: "\n# Of a branch.\n"}, "topic")
    rehearsal.github.heads[7] = (sha, False)
    jobs = rehearsal.run("deploy.yml", "issue_comment", comment("/lambda deploy staging", "maria"))
    well(jobs)
    assert live(rehearsal.remote, "staging")[CLOCK][0] == sha
    assert live(rehearsal.remote, "dev") == dev
    (answer,) = rehearsal.github.said(7)
    assert "✅ **staging: release done**" in answer
    assert CLOCK.replace("-", r"\-") in answer


def test_an_outsider_s_comment_deploys_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.github.heads[7] = (rehearsal.remote.head(), False)
    before = live(rehearsal.remote, "staging")
    jobs = rehearsal.run(
        "deploy.yml", "issue_comment", comment("/lambda deploy staging", "eve"), actor="eve"
    )
    assert (jobs["request"].result, jobs["release"].result) == ("success", "skipped")
    assert live(rehearsal.remote, "staging") == before
    assert rehearsal.github.said(7) == []


def test_a_dispatch_with_a_tag_builds_nothing_and_a_rollback_brings_the_release_before_back(
    rehearsal: Rehearsal,
) -> None:
    first, (_, version) = rehearsal.remote.head(), live(rehearsal.remote, "staging")[CLOCK]
    inputs = {"environment": "staging", "function": CLOCK, "image_tag": first}
    inputs["strategy"] = "all-at-once"
    jobs = rehearsal.run("deploy.yml", "workflow_dispatch", {"inputs": inputs})
    well(jobs)
    assert jobs["release"].step("Build and push").outcome == "skipped"
    assert live(rehearsal.remote, "staging")[CLOCK][0] == first

    back = {"environment": "staging", "function": CLOCK, "tag": ""}
    jobs = rehearsal.run("rollback.yml", "workflow_dispatch", {"inputs": back})
    well(jobs)
    assert jobs["rollback"].environment == "staging"
    assert live(rehearsal.remote, "staging")[CLOCK][1] == version


def test_a_failing_smoke_event_turns_the_run_red_rolls_back_and_says_so(
    rehearsal: Rehearsal,
) -> None:
    before = live(rehearsal.remote, "staging")
    sha = rehearsal.remote.commit("Break it", {CLOCK_HANDLER: BROKEN}, "broken")
    rehearsal.github.heads[7] = (sha, False)
    jobs = rehearsal.run("deploy.yml", "issue_comment", comment("/lambda deploy staging", "maria"))
    release = jobs["release"]
    assert (release.result, release.step("Release").outcome) == ("failure", "failure")
    assert release.step("Validate").outcome == "skipped"
    assert live(rehearsal.remote, "staging") == before
    assert rehearsal.github.state(3) == "failure"
    assert rehearsal.github.states[3][0]["description"] == "release failed, and put back"
    (answer,) = rehearsal.github.said(7)
    assert "❌ **staging: release failed, and put back**" in answer
    assert "broken on purpose" in answer
