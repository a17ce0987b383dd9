"""An alarm about a release whose command died, so that nobody judges it any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from function_kit.releases import Lock

from tests.kit.guard import deliver, event, iso, released, two_releases
from tests.kit.guard_aws import FUNCTION, NOW, Aws, Config, Killed, digest, image


def killed(live: str = "8", weights: dict[str, float] | None = None, **changes: Any) -> Aws:
    """Version 7 is an hour old; the release of version 8 began 100 s ago, and its lease is out."""
    aws = two_releases()
    aws.items.clear()
    function = aws.functions[FUNCTION]
    function.versions["8"], function.latest = Config(image("c")), Config(image("c"))
    function.live, function.weights = live, weights or {}
    aws.images.add(digest("c"))
    opened = {"state": "started", "finished_at": "", "started_at": iso(NOW - 99), "token": 4}
    aws.put(
        released("6", "$LATEST", "a", 86_400),
        released("7", "6", "b", 3600),
        replace(released("8", "7", "c", 10), **opened | changes),
        Lock(FUNCTION, "run-8", "deploy", "ann on laptop", "08:00", NOW - 1, 4),
    )
    return aws


@pytest.mark.parametrize(("live", "weights"), [("8", {}), ("7", {"8": 0.1})])
def test_it_goes_back_to_what_was_live_before(live: str, weights: dict[str, float]) -> None:
    aws = killed(live, weights)
    result = deliver(aws)
    assert (result["action"], result["from_version"], result["to_version"]) == (
        "rolled-back",
        "8",
        "7",
    )
    function = aws.functions[FUNCTION]
    assert (function.live, function.weights, function.latest.image) == ("7", {}, image("b"))
    rollback, release, *_ = sorted(aws.releases(), key=lambda r: r.kind, reverse=True)
    assert (rollback.kind, rollback.state) == ("rollback", "succeeded")
    assert "99 s after the beginning of a release that was killed" in rollback.reason
    assert (release.version, release.state) == ("8", "stopped")
    assert "it was killed" in release.reason


def test_a_release_that_has_its_lock_judges_itself() -> None:
    aws = killed()
    aws.put(Lock(FUNCTION, "run-8", "deploy", "ann on laptop", "08:00", NOW + 30, 4))
    assert deliver(aws)["reason"] == "ann on laptop is at work on it since 08:00"
    assert aws.functions[FUNCTION].live == "8"


def test_a_lock_that_was_given_back_is_as_good_as_one_that_ran_out() -> None:
    aws = killed()
    aws.put(Lock(FUNCTION, token=4))
    assert deliver(aws)["action"] == "rolled-back"


def test_a_version_without_traffic_is_none_to_get_away_from() -> None:
    aws = killed(live="7")
    assert deliver(aws)["reason"] == "its last release was killed, and version 8 has no traffic"
    assert aws.functions[FUNCTION].moves == []


def test_a_release_killed_before_it_had_a_version_leaves_the_one_before_to_be_judged() -> None:
    aws = killed(live="7", version="", passed=False)
    aws.put(released("7", "6", "b", 300))
    assert deliver(aws)["to_version"] == "6"
    assert {r.state for r in aws.releases()} == {"succeeded", "stopped"}


@pytest.mark.parametrize(
    ("after", "reason"), [(-100, "the alarm is older"), (1000, "the window is 600 s")]
)
def test_an_alarm_of_another_time_is_left_alone(after: float, reason: str) -> None:
    aws = killed()
    aws.clock.seconds += 2000
    found = deliver(aws, event(at=NOW + after), guard_window_seconds=600)
    assert found["action"] == "nothing"
    assert reason in found["reason"]


def test_the_window_begins_when_the_release_was_to_end() -> None:
    aws = killed(strategy="canary", shares="10,50,100", bake_seconds=300)
    aws.clock.seconds += 2000
    assert deliver(aws, event(at=NOW + 1000), guard_window_seconds=600)["action"] == "rolled-back"


def test_a_first_release_has_nothing_before_it() -> None:
    aws = killed(previous_version="$LATEST")
    assert deliver(aws)["reason"] == "there is no earlier release to go back to"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_anywhere_the_next_delivery_finishes_it(when: str) -> None:
    aws = killed("7", {"8": 0.1})
    deliver(aws)
    for number in range(1, len(aws.calls) + 1):
        aws = killed("7", {"8": 0.1})

        def hook(_: Any, aws: Aws = aws, number: int = number) -> None:
            if len(aws.calls) == number:
                aws.before = aws.after = lambda _: None
                raise Killed

        setattr(aws, when, hook)
        with pytest.raises(Killed):
            deliver(aws)
        aws.clock.seconds += 60
        deliver(aws)
        function = aws.functions[FUNCTION]
        assert (function.live, function.weights, function.latest.image) == ("7", {}, image("b"))
        states = sorted((r.kind, r.version, r.state) for r in aws.releases())
        assert states[-2:] == [("deploy", "8", "stopped"), ("rollback", "7", "succeeded")]
