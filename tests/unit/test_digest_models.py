from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scheduled_digest.models import Continuation, Counts, Deferred, Event, Monitor, faults

HOOK = "https://hooks.slack.com/services/T000/B000/notforthelogs"
ROW: dict[str, Any] = {
    "id": "6d3c1c5e-0f43-4d6b-9e0e-2f3f5b1c0a01",
    "repo": "acme/api",
    "delivery_method": "slack",
    "webhook_url": HOOK,
    "email": None,
    "frequency": "daily",
}
CONTINUATION: dict[str, Any] = {
    "root_request_id": "0c7bb1b6-9e0e-4a0e-8f3e-8f3f5b1c0a01",
    "link": 1,
    "day": "2026-03-02",
    "after": None,
    "deferred": [],
    "counts": {"active": 3, "succeeded": 1, "failed": 1, "skipped": 0},
    "purged": 4,
    "not_before": 0,
}


@pytest.mark.parametrize(
    ("event", "due"),
    [
        ({"frequency": "daily"}, ("daily",)),
        ({"frequency": "weekly"}, ("weekly",)),
        ({}, ("daily", "weekly")),
        ({"frequency": None}, ("daily", "weekly")),
        ({"source": "aws.events", "detail": {}}, ("daily", "weekly")),
    ],
)
def test_the_event_says_whose_digests_are_due(event: dict[str, Any], due: tuple[str, ...]) -> None:
    assert Event.model_validate(event).frequencies == due


@pytest.mark.parametrize("frequency", ["hourly", "on_merge", "", 1, ["daily"], {"$ne": ""}])
def test_another_frequency_is_refused(frequency: object) -> None:
    with pytest.raises(ValidationError, match="frequency"):
        Event.model_validate({"frequency": frequency})


def changed(**values: Any) -> dict[str, Any]:
    return {"continuation": CONTINUATION | values}


@pytest.mark.parametrize(
    "event",
    [
        {"continuation": "next"},
        {"continuation": {}},
        {"continuation": {"after": "x", "counts": {}}},
        changed(link=0),
        changed(link="first"),
        changed(day="yesterday"),
        changed(after="someone"),
        changed(root_request_id="#"),
        changed(root_request_id="x" * 65),
        changed(counts={"succeeded": -1}),
        changed(counts={"succeeded": 10, "lost": 1}),
        changed(purged=-1),
        changed(not_before=-1),
        changed(not_before=float("inf")),
        changed(not_before=float("nan")),
        changed(deferred=[{"id": "x"}]),
        changed(deferred=[{"id": str(uuid4()), "attempts": -1}]),
        changed(deferred=[{"id": str(uuid4())}] * 1001),
        changed(surprise=True),
    ],
)
def test_a_continuation_made_by_hand_is_refused_by_field(event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="continuation"):
        Event.model_validate(event)


def test_a_refused_event_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as error:
        Event.model_validate(changed(after=HOOK, root_request_id=HOOK))

    assert HOOK not in str(error.value)


@settings(deadline=None)
@given(
    after=st.none() | st.uuids(),
    deferred=st.lists(st.tuples(st.uuids(), st.integers(0, 3)), max_size=20),
    counts=st.tuples(*[st.integers(0, 10**6)] * 4),
    purged=st.none() | st.integers(0, 10**6),
    day=st.dates(),
)
def test_a_continuation_survives_json(
    after: UUID | None,
    deferred: list[tuple[UUID, int]],
    counts: tuple[int, int, int, int],
    purged: int | None,
    day: date,
) -> None:
    before = Continuation(
        root_request_id="root",
        link=7,
        day=day,
        after=after,
        deferred=tuple(Deferred(id=i, attempts=n) for i, n in deferred),
        counts=Counts(active=counts[0], succeeded=counts[1], failed=counts[2], skipped=counts[3]),
        purged=purged,
        not_before=12.5,
    )

    text = json.dumps({"continuation": before.model_dump(mode="json")})

    assert Event.model_validate(json.loads(text)).continuation == before


def test_the_longest_continuation_fits_an_asynchronous_event() -> None:
    deferred = [{"id": str(uuid4()), "attempts": 3}] * 1000

    assert len(json.dumps(changed(deferred=deferred))) < 256 * 1024 / 2


@pytest.mark.parametrize(
    ("row", "body"),
    [
        (
            ROW,
            {
                "repo": "acme/api",
                "delivery_method": "slack",
                "webhook_url": HOOK,
                "frequency": "daily",
            },
        ),
        (
            ROW | {"delivery_method": "email", "email": "t@example.com", "frequency": "weekly"},
            {
                "repo": "acme/api",
                "delivery_method": "email",
                "webhook_url": None,
                "frequency": "weekly",
                "email": "t@example.com",
            },
        ),
    ],
)
def test_a_monitor_makes_the_body_of_its_call(row: dict[str, Any], body: dict[str, Any]) -> None:
    assert Monitor.model_validate(row).request() == body


@pytest.mark.parametrize(
    "unused",
    [
        {"email": "not an address"},
        {"delivery_method": "email", "email": "t@example.com", "webhook_url": "gone"},
    ],
)
def test_an_address_that_is_not_used_does_not_matter(unused: dict[str, Any]) -> None:
    assert Monitor.model_validate(ROW | unused).repo == "acme/api"


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"repo": None}, "repo"),
        ({"repo": "acme"}, "repo"),
        ({"repo": "acme/api/extra"}, "repo"),
        ({"repo": "acme/a b"}, "repo"),
        ({"repo": "acme/api\n"}, "repo"),
        ({"repo": "/api"}, "repo"),
        ({"delivery_method": None}, "delivery_method"),
        ({"delivery_method": "pigeon"}, "delivery_method"),
        ({"webhook_url": None}, "webhook_url"),
        ({"webhook_url": ""}, "webhook_url"),
        ({"webhook_url": "http://hooks.slack.com/x"}, "webhook_url"),
        ({"webhook_url": "file:///etc/passwd"}, "webhook_url"),
        ({"webhook_url": "https://" + "x" * 3000}, "webhook_url"),
        ({"delivery_method": "email"}, "email"),
        ({"delivery_method": "email", "email": ""}, "email"),
        ({"delivery_method": "email", "email": "nobody"}, "email"),
        ({"frequency": "on_merge"}, "frequency"),
        ({"frequency": None}, "frequency"),
    ],
)
def test_a_malformed_row_is_named_by_field_and_never_quoted(
    damage: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as error:
        Monitor.model_validate(ROW | damage)

    (fault,) = faults(error.value)
    assert named in fault
    assert HOOK not in fault
    quotable = [str(value) for value in damage.values() if value not in {None, "", "email"}]
    assert not any(value in fault for value in quotable)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none() | st.text(max_size=30) | st.integers() | st.lists(st.text(max_size=3))
            for name in ROW
        },
    )
)
def test_no_row_is_worse_than_malformed(row: dict[str, Any]) -> None:
    found: list[str] = []
    try:
        Monitor.model_validate(row)
    except ValidationError as error:
        found = faults(error)
    # A row without an id is not sendable, and no text here makes a whole valid one.
    assert found


@pytest.mark.parametrize("row", [None, "row", [], 7])
def test_what_is_no_row_is_malformed(row: object) -> None:
    with pytest.raises(ValidationError):
        Monitor.model_validate(row)
