"""The kit's runner does with jobs and steps what GitHub's would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit import clones
from tests.kit.rehearsal.github import FakeGitHub
from tests.kit.rehearsal.runner import JobRun, Rehearsal, combinations
from tests.kit.rehearsal.workspace import Remote

WORKFLOW = """
on: push
jobs:
  second:
    needs: first
    if: needs.first.outputs.go == 'yes'
    runs-on: x
    steps:
      - name: says
        run: echo "got $WORD"
        env:
          WORD: ${{ needs.first.outputs.word }}
  skipped:
    needs: first
    if: needs.first.outputs.go == 'no'
    steps: []
  after-skipped:
    needs: skipped
    steps: []
  gate:
    needs: [second, skipped]
    if: always()
    steps:
      - name: status
        run: echo ${{ needs.skipped.result }}
  first:
    outputs:
      go: ${{ steps.made.outputs.go }}
      word: ${{ steps.made.outputs.word }}
      matrix: ${{ steps.made.outputs.matrix }}
    steps:
      - name: makes
        id: made
        run: |
          echo go=yes >> $GITHUB_OUTPUT
          echo word=a=b >> $GITHUB_OUTPUT
          echo 'matrix={"fn": ["a", "b"], "on": [1, 2]}' >> $GITHUB_OUTPUT
  many:
    needs: first
    strategy:
      matrix: ${{ fromJSON(needs.first.outputs.matrix) }}
    env:
      FN: ${{ matrix.fn }}
    steps:
      - name: shows
        run: echo "$FN on ${{ matrix.on }}"
      - name: some fail
        run: test "$FN" = a
  after-many:
    needs: many
    if: always()
    steps:
      - name: status
        run: echo ${{ needs.many.result }}
  needs-a-stranger:
    needs: elsewhere
    steps: []
  failing:
    steps:
      - name: fails
        id: bad
        run: |
          false | true
          echo not reached
      - name: not then
        run: echo no
      - name: always
        if: always() && steps.bad.outcome == 'failure'
        run: echo "status $STATUS"
        env:
          STATUS: ${{ job.status }}
"""


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, JobRun]:
    root = tmp_path_factory.mktemp("remote")
    (root / ".github" / "workflows").mkdir(parents=True)
    (root / ".github" / "workflows" / "w.yml").write_text(WORKFLOW)
    clones.git(root, "init", "--quiet", "--initial-branch=main")
    clones.git(root, "add", "--all")
    clones.git(root, "commit", "--quiet", "-m", "w")
    runs: Path = tmp_path_factory.mktemp("runs")
    return Rehearsal(Remote(root), FakeGitHub(), runs).run(
        "w.yml", "push", {}, others={"elsewhere": "success"}
    )


def test_outputs_reach_the_jobs_that_need_them(jobs: dict[str, JobRun]) -> None:
    assert jobs["second"].step("says").log == "got a=b\n"


def test_conditions_and_needs_decide_what_runs(jobs: dict[str, JobRun]) -> None:
    assert {name: job.result for name, job in jobs.items()} == {
        "first": "success",
        "second": "success",
        "skipped": "skipped",
        "after-skipped": "skipped",
        "gate": "success",
        "failing": "failure",
        "many": "failure",
        "after-many": "success",
        "elsewhere": "success",
        "needs-a-stranger": "success",
    }
    assert jobs["gate"].step("status").log == "skipped\n"


def test_a_failure_ends_the_steps_but_those_that_always_run(jobs: dict[str, JobRun]) -> None:
    steps = jobs["failing"].steps
    assert [step.outcome for step in steps] == ["failure", "skipped", "success"]
    assert "not reached" not in steps[0].log
    assert steps[2].log == "status failure\n"


def test_a_matrix_is_every_value_with_every_other_and_fails_when_one_does(
    jobs: dict[str, JobRun],
) -> None:
    shown = [step.log for step in jobs["many"].steps if step.name == "shows"]
    assert shown == ["a on 1\n", "a on 2\n", "b on 1\n", "b on 2\n"]
    outcomes = [step.outcome for step in jobs["many"].steps if step.name == "some fail"]
    assert outcomes == ["success", "success", "failure", "failure"]
    assert jobs["after-many"].step("status").log == "failure\n"


def test_what_of_a_matrix_is_not_rehearsed_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="include"):
        combinations({"fn": ["a"], "include": [{"fn": "b"}]})
