"""The workflows that deliver, step by step on the local stack: see tests/kit/rehearsal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fleet.project import Project

from tests.kit.program import ROOT
from tests.kit.rehearsal.environments import CLOCK, LINKS, SmallFleet
from tests.kit.rehearsal.runner import JobRun, Rehearsal

pytestmark = pytest.mark.stack
CLOCK_HANDLER = "images/sync-clock/src/sync_clock/handler.py"
BROKEN = '\n\ndef handler(event, context):\n    raise RuntimeError("broken on purpose")\n'


def well(jobs: dict[str, JobRun]) -> None:
    for job in jobs.values():
        assert job.result == "success", job.log


def write_down(jobs: dict[str, JobRun]) -> None:
    """Seconds from the push to the validated release, by step, for people: build/rehearsal.json."""
    steps = {s.name: round(s.seconds, 1) for job in jobs.values() for s in job.steps}
    file = Project(ROOT).reports / "rehearsal.json"
    file.write_text(json.dumps({"steps": steps, "total": round(sum(steps.values()), 1)}, indent=2))


def comment(body: str, author: str) -> dict[str, Any]:
    return {
        "issue": {"number": 7, "pull_request": {"url": "…"}},
        "comment": {"body": body, "user": {"login": author}},
    }


def test_a_push_to_main_releases_the_one_changed_function_to_dev(
    small: SmallFleet, rehearsal: Rehearsal
) -> None:
    before = small.live("dev")
    staging = small.live("staging")
    sha = rehearsal.remote.commit("Change a line", {CLOCK_HANDLER: "\n# A changed line.\n"})
    jobs = rehearsal.run("deploy.yml", "push", {"ref": "refs/heads/main"})
    well(jobs)
    after = small.live("dev")
    assert after[CLOCK][0] == sha
    assert after[LINKS] == before[LINKS]
    assert small.live("staging") == staging
    assert rehearsal.github.state(3) == "success"
    assert rehearsal.github.deployments[-1]["sha"] == sha
    assert "1 released" in jobs["release"].summary
    write_down(jobs)


def test_a_writer_s_comment_deploys_the_branch_to_staging_and_is_answered_once(
    small: SmallFleet,
    rehearsal: Rehearsal,
) -> None:
    dev = small.live("dev")
    sha = rehearsal.remote.commit("On a branch", {CLOCK_HANDLER: "\n# Of a branch.\n"}, "topic")
    rehearsal.github.heads[7] = (sha, False)
    jobs = rehearsal.run("deploy.yml", "issue_comment", comment("/lambda deploy staging", "maria"))
    well(jobs)
    assert small.live("staging")[CLOCK][0] == sha
    assert small.live("dev") == dev
    (answer,) = rehearsal.github.said(7)
    assert "✅ **staging: release done**" in answer
    assert CLOCK.replace("-", r"\-") in answer


def test_an_outsider_s_comment_deploys_nothing(small: SmallFleet, rehearsal: Rehearsal) -> None:
    rehearsal.github.heads[7] = (rehearsal.remote.head(), False)
    before = small.live("staging")
    jobs = rehearsal.run(
        "deploy.yml", "issue_comment", comment("/lambda deploy staging", "eve"), actor="eve"
    )
    assert (jobs["request"].result, jobs["release"].result) == ("success", "skipped")
    assert small.live("staging") == before
    assert rehearsal.github.said(7) == []


def test_a_dispatch_with_a_tag_builds_nothing_and_a_rollback_brings_the_release_before_back(
    small: SmallFleet,
    rehearsal: Rehearsal,
) -> None:
    first, (_, version) = rehearsal.remote.head(), small.live("staging")[CLOCK]
    inputs = {"environment": "staging", "function": CLOCK, "image_tag": first}
    inputs["strategy"] = "all-at-once"
    jobs = rehearsal.run("deploy.yml", "workflow_dispatch", {"inputs": inputs})
    well(jobs)
    assert jobs["release"].step("Build and push").outcome == "skipped"
    assert small.live("staging")[CLOCK][0] == first

    back = {"environment": "staging", "function": CLOCK, "tag": ""}
    jobs = rehearsal.run("rollback.yml", "workflow_dispatch", {"inputs": back})
    well(jobs)
    assert jobs["rollback"].environment == "staging"
    assert small.live("staging")[CLOCK][1] == version


def test_a_failing_smoke_event_turns_the_run_red_rolls_back_and_says_so(
    small: SmallFleet,
    rehearsal: Rehearsal,
) -> None:
    before = small.live("staging")
    sha = rehearsal.remote.commit("Break it", {CLOCK_HANDLER: BROKEN}, "broken")
    rehearsal.github.heads[7] = (sha, False)
    jobs = rehearsal.run("deploy.yml", "issue_comment", comment("/lambda deploy staging", "maria"))
    release = jobs["release"]
    assert (release.result, release.step("Release").outcome) == ("failure", "failure")
    assert release.step("Validate").outcome == "skipped"
    assert small.live("staging") == before
    assert rehearsal.github.state(3) == "failure"
    assert rehearsal.github.states[3][0]["description"] == "release failed, and put back"
    (answer,) = rehearsal.github.said(7)
    assert "❌ **staging: release failed, and put back**" in answer
    assert "broken on purpose" in answer
