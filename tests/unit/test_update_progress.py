"""Where a device stands follows from the set of its events, and from nothing else."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from function_kit.http_api import HttpError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from software_event_update_handler import cursor
from software_event_update_handler.events import Status, UpdateEvent
from software_event_update_handler.progress import Progress, latest, progress

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
# The contract's table, written out once more and not derived: what may follow what.
LEGAL = {
    ("requested", "downloading"), ("downloading", "installing"), ("installing", "installed"),
    ("requested", "failed"), ("downloading", "failed"), ("installing", "failed"),
    ("failed", "rolled_back"),
} | {(before, "requested") for before in Status}  # fmt: skip


def event(minute: int, status: str, version: str = "2.0", number: int = 0) -> UpdateEvent:
    return UpdateEvent.model_validate(
        {
            "device_id": "ppu-1",
            "event_id": f"e-{minute}-{status}-{number}",
            "version": version,
            "status": status,
            "event_time": (START + timedelta(minutes=minute)).isoformat(),
        }
    )


def stands(events: list[UpdateEvent]) -> Progress | None:
    """Where the device stands, however the events came."""
    return progress(latest(sorted(events, key=lambda each: each.order, reverse=True)))


def path(*statuses: str) -> list[UpdateEvent]:
    return [event(minute, status) for minute, status in enumerate(statuses)]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, Status)))
def test_every_transition_is_taken_or_refused_as_the_contract_says(
    before: Status, after: Status
) -> None:
    ways = {
        "requested": path("requested"),
        "downloading": path("requested", "downloading"),
        "installing": path("requested", "downloading", "installing"),
        "installed": path("requested", "downloading", "installing", "installed"),
        "failed": path("requested", "failed"),
        "rolled_back": path("requested", "failed", "rolled_back"),
    }
    last = event(10, after)
    found = stands([*ways[before], last])
    assert found is not None
    assert found.counts(last) is ((before, after) in LEGAL)
    assert found.last.status == (after if (before, after) in LEGAL else before)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.REQUESTED])
def test_nothing_follows_before_something_was_requested(status: Status) -> None:
    assert stands([event(1, status)]) is None


def test_an_event_of_another_version_does_not_follow() -> None:
    other = event(1, "downloading", version="3.0")
    found = stands([event(0, "requested", version="2.0"), other])
    assert found is not None
    assert not found.counts(other)


def test_a_new_request_ends_what_was_under_way() -> None:
    found = stands([*path("requested", "downloading"), event(5, "requested", version="3.0")])
    assert found is not None
    assert (found.last.version, found.last.status) == ("3.0", "requested")


def test_what_was_missing_makes_count_what_was_refused() -> None:
    early = path("requested", "downloading", "installing")
    assert stands([early[0], early[2]]) == Progress((early[0],))
    assert stands([early[0], early[2], early[1]]) == Progress(tuple(early))


EVENTS = st.builds(
    event,
    st.integers(0, 30),
    st.sampled_from([status.value for status in Status]),
    st.sampled_from(["2.0", "3.0"]),
    st.integers(0, 3),
)


@given(st.lists(EVENTS, max_size=30, unique_by=lambda each: each.order), st.randoms())
def test_order_of_arrival_and_duplicates_make_no_difference(
    events: list[UpdateEvent], chance: random.Random
) -> None:
    shuffled = [*events, *chance.choices(events, k=len(events) // 2)] if events else []
    chance.shuffle(shuffled)
    unique = list({each.order: each for each in shuffled}.values())
    assert stands(unique) == stands(events)


@given(st.lists(EVENTS, max_size=30, unique_by=lambda each: each.order))
def test_every_step_of_what_counts_is_legal(events: list[UpdateEvent]) -> None:
    found = stands(events)
    if found is None:
        return
    assert found.counted[0].status is Status.REQUESTED
    for before, after in itertools.pairwise(found.counted):
        assert (before.status, after.status) in LEGAL
        assert before.version == after.version
        assert before.order < after.order


def test_only_the_last_update_is_read() -> None:
    def newest() -> Any:
        yield from reversed(path("requested", "downloading"))
        pytest.fail("read on beyond the last request")

    assert latest(newest()) == path("requested", "downloading")


def test_events_are_ordered_by_the_microsecond_and_then_by_id() -> None:
    times = [START, START + timedelta(microseconds=1), START + timedelta(seconds=1)]
    orders = [event(0, "requested").model_copy(update={"event_time": t}).order for t in times]
    assert orders == sorted(orders)
    assert len(set(orders)) == 3
    assert event(0, "requested", number=1).order < event(0, "requested", number=2).order


GOOD: dict[str, Any] = {
    "device_id": "ppu-1", "event_id": "e-1", "version": "1.0", "status": "requested",
    "event_time": "2026-11-23T09:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device_id", ""), ("device_id", "a/b"), ("device_id", "a#b"), ("device_id", 7),
        ("event_id", "x" * 65), ("event_id", "a b"), ("event_id", None),
        ("version", ""), ("version", "1 0"), ("version", 2.0),
        ("status", "done"), ("status", None), ("status", "REQUESTED"),
        ("event_time", "yesterday"), ("event_time", "2026-11-23T09:00:00"),
        ("event_time", "1999-12-31T23:59:59Z"), ("event_time", "9999-12-31T23:59:59Z"),
        ("event_time", float("nan")), ("event_time", float("inf")), ("event_time", True),
        ("event_time", 1763888400000), ("event_time", 10**400), ("event_time", -5),
        ("detail", "x" * 1001), ("detail", 5),
    ],
)  # fmt: skip
def test_a_bad_field_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        UpdateEvent.model_validate({**GOOD, field: value})


@pytest.mark.parametrize("given", ["2026-11-23T09:00:00Z", "2026-11-23T04:00:00-05:00", 1795424400])
def test_one_moment_has_many_spellings(given: Any) -> None:
    told = UpdateEvent.model_validate({**GOOD, "event_time": given})
    assert told == UpdateEvent.model_validate(GOOD)


@pytest.mark.parametrize(
    ("ahead", "refused"),
    [
        (timedelta(hours=-1), False),
        (timedelta(hours=24), False),
        (timedelta(hours=24, microseconds=1), True),
        (timedelta(days=3653), True),
    ],
)
def test_only_what_arrives_is_held_to_our_clock(ahead: timedelta, refused: bool) -> None:
    told = UpdateEvent.model_validate({**GOOD, "event_time": (START + ahead).isoformat()})
    problem = told.problem(START)
    assert (problem is not None) == refused
    assert problem is None or problem["field"] == "event_time"


def test_a_cursor_comes_back_as_it_was() -> None:
    order = UpdateEvent.model_validate(GOOD).order
    assert cursor.decode(cursor.encode(order)) == order


@given(st.text(max_size=80))
def test_any_other_cursor_is_a_400(text: str) -> None:
    with pytest.raises(HttpError) as refused:
        cursor.decode(text)
    assert refused.value.status == 400


def test_a_cursor_that_was_touched_is_a_400() -> None:
    good = cursor.encode(UpdateEvent.model_validate(GOOD).order)
    for bad in (good[:-2], good + "=", good.replace("M", "!", 1), good[::-1], good + "\n"):
        with pytest.raises(HttpError):
            cursor.decode(bad)
