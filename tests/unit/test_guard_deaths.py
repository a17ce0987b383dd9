"""The release guard killed at any of its calls, delivered twice, or taken over by an operator."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from function_kit.releases import Lock
from release_guard.rollback import NotSettled

from tests.kit.guard import deliver, event, released, two_releases
from tests.kit.guard_aws import FUNCTION, NOW, Aws, Config, Killed, image


def _calls() -> int:
    aws = two_releases()
    deliver(aws)
    return len(aws.calls)


EVERY_CALL = range(1, _calls() + 1)


def strike(aws: Aws, number: int, when: str, blow: Any) -> None:
    """Do something at the guard's n-th call, before or after it takes effect."""

    def hook(_: Any) -> None:
        if len(aws.calls) == number:
            setattr(aws, when, lambda _: None)
            blow()

    setattr(aws, when, hook)


def kill() -> None:
    raise Killed


def require_wholly_back(aws: Aws) -> None:
    function = aws.functions[FUNCTION]
    assert (function.live, function.weights, function.latest.image) == ("6", {}, image("a"))
    assert set(function.moves) == {"6"}
    rollbacks = [r for r in aws.releases() if r.kind == "rollback"]
    assert [(r.state, r.version) for r in rollbacks] == [("succeeded", "6")]
    assert all(r.state == "succeeded" for r in aws.releases())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", EVERY_CALL)
def test_killed_anywhere_the_next_delivery_finishes_it(number: int, when: str) -> None:
    aws = two_releases()
    strike(aws, number, when, kill)
    with pytest.raises(Killed):
        deliver(aws)
    assert aws.functions[FUNCTION].live in {"6", "7"}
    assert aws.functions[FUNCTION].weights == {}
    aws.clock.seconds += 60
    deliver(aws)
    require_wholly_back(aws)
    lock = aws.lock()
    assert lock is not None
    assert lock.is_free(aws.clock.now() + 130)


@pytest.mark.parametrize("number", EVERY_CALL)
@pytest.mark.parametrize("second", EVERY_CALL)
def test_killed_twice_the_third_delivery_finishes_it(number: int, second: int) -> None:
    aws = two_releases()
    strike(aws, number, "after", kill)
    with pytest.raises(Killed):
        deliver(aws)
    before = len(aws.calls)
    strike(aws, before + second, "before", kill)
    try:
        deliver(aws)
    except Killed:
        deliver(aws)
    require_wholly_back(aws)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", EVERY_CALL)
def test_an_event_that_is_delivered_again_in_the_middle(number: int, when: str) -> None:
    """EventBridge and Lambda may both deliver one event more than once, also at once."""
    aws = two_releases()
    strike(aws, number, when, lambda: deliver(aws))
    deliver(aws)
    require_wholly_back(aws)
    assert 1 <= len(aws.messages) <= 2
    lock = aws.lock()
    assert lock is not None
    assert lock.run_id == ""


def take_over(aws: Aws) -> None:
    """An operator takes the function once the guard's lease is out, and releases version 8."""
    aws.clock.seconds += 10_000
    aws.put(Lock(FUNCTION, "run-8", "deploy", "ann", "", aws.clock.now() + 60, 50))
    for record in aws.releases():
        if record.state == "started":
            aws.put(replace(record, state="interrupted", finished_at=record.started_at))
    function = aws.functions[FUNCTION]
    ended = aws.clock.now() - NOW
    aws.put(released("8", function.live, "c", -ended, release_id="9"))
    function.live, function.revision = "8", "theirs"
    function.latest = Config(image("c"), revision="theirs")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", EVERY_CALL)
def test_a_guard_that_slept_through_its_lease_changes_nothing_of_a_later_release(
    number: int, when: str
) -> None:
    aws = two_releases()
    strike(aws, number, when, lambda: take_over(aws))
    with contextlib.suppress(NotSettled):
        deliver(aws)
    function = aws.functions[FUNCTION]
    assert (function.live, function.latest.image) == ("8", image("c"))
    lock = aws.lock()
    assert lock is not None
    assert lock.holder == "ann"
    newest = aws.releases()[0]
    assert (newest.version, newest.state) == ("8", "succeeded")


def test_a_rollback_that_an_operator_finished_is_not_begun_again() -> None:
    aws = two_releases()
    strike(aws, 13, "before", kill)
    with pytest.raises(Killed):
        deliver(aws)
    (own,) = [r for r in aws.releases() if r.kind == "rollback"]
    assert own.state == "started"
    aws.put(replace(own, state="stopped"))
    result = deliver(aws)
    assert result["action"] == "nothing"
    assert "was dealt with before: it is stopped" in result["reason"]
    assert aws.functions[FUNCTION].live == "7"


def test_a_rollback_that_was_begun_and_has_become_impossible_is_closed() -> None:
    aws = two_releases()
    strike(aws, 13, "before", kill)
    with pytest.raises(Killed):
        deliver(aws)
    del aws.functions[FUNCTION].versions["6"]
    assert deliver(aws)["action"] == "impossible"
    assert aws.releases()[0].state == "failed"
    assert "version 6 is gone" in aws.releases()[0].reason


def test_a_history_that_was_cut_meanwhile_is_left_to_people() -> None:
    aws = two_releases()
    strike(aws, 13, "before", kill)
    with pytest.raises(Killed):
        deliver(aws)
    for key in [
        key for key, item in aws.items.items() if item.get("kind", {}).get("S") == "deploy"
    ]:
        del aws.items[key]
    assert "no longer holds the releases" in deliver(aws)["reason"]


def test_another_alarm_s_open_rollback_is_left_alone() -> None:
    aws = two_releases()
    strike(aws, 13, "before", kill)
    with pytest.raises(Killed):
        deliver(aws)
    aws.clock.seconds += 10_000
    assert "a rollback by release-guard is under way" in deliver(aws, event(id="other"))["reason"]
