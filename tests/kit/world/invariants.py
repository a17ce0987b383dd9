"""What has to be true of every world, whatever happened in it."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError
from fleet.errors import ExitCode, FleetError
from fleet.release.outcome import FunctionOutcome
from fleet.release.runner import Cancelled
from function_kit.releases import Release

from tests.kit.world.clock import Operator
from tests.kit.world.functions import LATEST
from tests.kit.world.world import World

# An outcome with such a reason shows a defect of the program, not of its surroundings.
_DEFECT = re.compile(r"^(Key|Type|Attribute|Value|Index|Name|Runtime|Assertion|Unbound\w*)Error:")


def check_always(world: World) -> None:
    """`live` never pointed at what had not passed; no weights came after a rollback.

    What was put back is not said to have succeeded.

    And what the history said once of a release that had ended, it still says.
    """
    assert world.recorder.violations == []
    for before, after in world.table.overwritten:
        if "state" in before and before["state"] != {"S": "started"}:
            assert before == after, "a closed record was written again"
    for function in world.project.functions:
        for release in world.history(function):
            if release.kind == "rollback" and release.state == "succeeded":
                _check_no_weights_after(world, function, release)
            if release.state == "succeeded":
                _check_ended_there(world, function, release)


def _check_no_weights_after(world: World, function: str, rollback: Release) -> None:
    """Weights that come after a rollback are those of a release that began after it."""
    name = world.environment.function_name(function)
    moves = [move for move in world.recorder.moves if move.function == name]
    back = next((m for m in moves if m.run == rollback.run_id), None)
    began = {r.run_id: r.release_id for r in world.history(function) if r.kind == "deploy"}
    for move in moves[moves.index(back) + 1 :] if back else ():
        if move.weights:
            assert began[move.run] > rollback.release_id, f"{move} after {rollback}"


def _check_ended_there(world: World, function: str, release: Release) -> None:
    """A release that put its version back has not succeeded, whoever wrote down its end."""
    name = world.environment.function_name(function)
    moves = [m for m in world.recorder.moves if (m.function, m.run) == (name, release.run_id)]
    if not moves:
        # It was there already when it began, and was killed before it could say so.
        assert release.previous_version == release.version, f"nothing was moved by {release}"
        return
    assert (moves[-1].version, moves[-1].weights) == (release.version, {}), (
        f"{moves[-1]}: {release}"
    )


def check_settled(world: World) -> None:
    """Every function is wholly old or wholly new, and the history says which."""
    for function in world.project.functions:
        live = world.live(function)
        history = world.history(function)
        story = [(r.kind, r.state, r.version, r.digest[7:11], r.reason) for r in history]
        assert live.weights == {}, f"{function} shares traffic: {live}, {story}"
        assert not [r for r in history if r.state == "started"], f"{function} is open: {story}"
        last = next((r for r in history if r.state == "succeeded"), None)
        said = last.version if last else LATEST
        assert live.version == said, f"{function} is at {live.version}, and not as told: {story}"
        if last and live.version != LATEST:
            digest = world.live_digest(function)
            assert last.digest == digest, f"version {live.version} has {digest}: {story}"
            latest = world.latest(function).digest
            assert latest == digest, f"live of {function} has {digest}, $LATEST {latest}: {story}"


def check_outcomes(operators: list[Operator]) -> None:
    """Whoever was not killed came to an end that makes sense."""
    for operator in operators:
        if operator.killed:
            continue
        try:
            report = operator.result()
        except (FleetError, ClientError, BotoCoreError, Cancelled):
            continue  # the program says so, and ends
        for outcome in report.functions if report else ():
            _check_outcome(outcome)


def _check_outcome(outcome: FunctionOutcome) -> None:
    assert not _DEFECT.match(outcome.reason), outcome.reason
    if outcome.exit_code is ExitCode.DONE:
        assert outcome.result in {"released", "unchanged", "rolled-back", "planned"}, outcome
    else:
        assert outcome.reason, outcome
        assert outcome.todo, outcome
