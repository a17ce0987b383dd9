"""What a treatment is, and which treatments are one."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insert_ppu_data.treatment import (
    EPOCH,
    MAX_BYTES,
    Refused,
    Treatment,
    moment_of,
    record_id,
    timestamp,
    treatment,
)

NOW = moment_of(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(codec="ascii", min_codepoint=32), max_size=8), inner
        )
    ),
    max_leaves=12,
)
# As RFC 3339 writes them: in whole minutes.
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
OBJECTS = st.dictionaries(
    st.text(st.characters(codec="ascii", min_codepoint=32), max_size=8), JSON, max_size=6
).filter(lambda value: "timestamp" not in value)
TIMES = st.datetimes(
    datetime(2001, 1, 2),  # noqa: DTZ001 - Hypothesis wants them naive
    datetime(2099, 12, 30),  # noqa: DTZ001
    timezones=ZONES,
)


def made(data: dict[str, Any], patient: str = "P-1", key: str | None = None) -> Treatment:
    return treatment(patient, data, key, NOW)


def reordered(value: Any) -> Any:
    """The same JSON with the members of every object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(OBJECTS, TIMES, ZONES)
def test_order_of_fields_and_time_zone_do_not_matter(
    data: dict[str, Any], time: datetime, zone: timezone
) -> None:
    one = made({**data, "timestamp": time.isoformat()})
    same = made(reordered({"timestamp": time.astimezone(zone).isoformat(" "), **data}))
    assert one.id == same.id
    assert one.moment == same.moment


@given(OBJECTS, OBJECTS, TIMES)
def test_what_says_something_else_is_another(
    data: dict[str, Any], other: dict[str, Any], time: datetime
) -> None:
    one = made({**data, "timestamp": time.isoformat()})
    ids = {
        one.id,
        made({**data, "timestamp": (time + timedelta(microseconds=1)).isoformat()}).id,
        made({**data, "timestamp": time.isoformat()}, patient="P-2").id,
        made({**data, "timestamp": time.isoformat()}, key="a").id,
        made(data).id,
    }
    assert len(ids) == 5
    if json.dumps(data, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert one.id != made({**other, "timestamp": time.isoformat()}).id


@given(OBJECTS, TIMES)
def test_what_is_kept_is_what_was_sent(data: dict[str, Any], time: datetime) -> None:
    sent = {**data, "timestamp": time.isoformat()}
    one = made(sent)
    assert json.loads(one.data) == sent
    assert timestamp(one) == time
    assert sent == {**data, "timestamp": time.isoformat()}  # and is left as it was


def test_ids_are_custom_uuids_in_the_order_of_time() -> None:
    times = [EPOCH + timedelta(days=400 + n, milliseconds=n) for n in range(50)]
    ids = [record_id(made({"timestamp": time.isoformat()})) for time in times]
    assert ids == sorted(ids)
    for text in [*ids, record_id(made({})), record_id(made({}, key="k"))]:
        assert uuid.UUID(text).version == 8
        assert uuid.UUID(text).variant == uuid.RFC_4122


def test_a_key_is_the_patients_own_and_the_only_thing_that_counts() -> None:
    assert made({"a": 1}, key="k").id == made({"a": 2}, key="k").id
    assert made({"a": 1}, key="k").id != made({"a": 1}, key="l").id
    assert made({"a": 1}, key="k").id != made({"a": 1}, patient="P-2", key="k").id
    assert made({"a": 1}, key="k").keyed
    assert not made({"a": 1}).keyed


TIMELESS = pytest.mark.parametrize("data", [{"a": 1}, {"a": 1, "timestamp": None}])


@TIMELESS
def test_without_a_timestamp_in_a_file_it_is_now_and_equal_to_what_says_the_same(
    data: dict[str, Any],
) -> None:
    one = treatment("P-1", data, None, NOW)
    later = treatment("P-1", data, None, NOW + 5_000_000)
    assert one.id == later.id
    assert one.moment == NOW


@TIMELESS
def test_without_a_timestamp_in_a_request_it_is_its_moment_and_place(data: dict[str, Any]) -> None:
    one = treatment("P-1", data, None, NOW, 0)
    assert one == treatment("P-1", data, None, NOW, 0)
    assert one.moment == NOW
    ids = {
        one.id,
        treatment("P-1", data, None, NOW + 1, 0).id,
        treatment("P-1", data, None, NOW, 1).id,
        treatment("P-2", data, None, NOW, 0).id,
        treatment("P-1", {**data, "b": 1}, None, NOW, 0).id,
        treatment("P-1", data, None, NOW).id,
        treatment("P-1", {**data, "timestamp": timestamp(one).isoformat()}, None, NOW, 0).id,
    }
    assert len(ids) == 7


@pytest.mark.parametrize("more", [{"timestamp": "2026-01-02T03:04:05Z"}, {}], ids=["time", "key"])
def test_with_a_timestamp_or_a_key_neither_moment_nor_place_matters(more: dict[str, Any]) -> None:
    key = None if more else "k"
    one = treatment("P-1", {"a": 1, **more}, key, NOW, 0)
    assert one.id == treatment("P-1", {"a": 1, **more}, key, NOW + 1, 3).id
    assert one.id == treatment("P-1", {"a": 1, **more}, key, NOW).id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05.25", datetime(2026, 1, 2, 3, 4, 5, 250_000, UTC)),
        ("20260102T030405+0130", datetime(2026, 1, 2, 1, 34, 5, tzinfo=UTC)),
    ],
)
def test_timestamps_in_iso_8601(text: str, expected: datetime) -> None:
    assert timestamp(made({"timestamp": text})) == expected


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        ({"timestamp": "yesterday"}, "treatment_data.timestamp", "ISO 8601"),
        ({"timestamp": "1767225600"}, "treatment_data.timestamp", "ISO 8601"),
        ({"timestamp": 1767225600}, "treatment_data.timestamp", "must be text"),
        ({"timestamp": {}}, "treatment_data.timestamp", "must be text"),
        ({"timestamp": "1969-12-31T00:00:00Z"}, "treatment_data.timestamp", "2001 to 2099"),
        ({"timestamp": "2100-01-01T00:00:00Z"}, "treatment_data.timestamp", "2001 to 2099"),
        ({"note": "a\0b"}, "treatment_data", "U+0000"),
        ({"a\0": 1}, "treatment_data", "U+0000"),
        ({"note": "\ud800"}, "treatment_data", "JSON"),
        ({"note": "x" * MAX_BYTES}, "treatment_data", "larger than 65536 bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_without_its_value(
    data: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Refused, match=re.escape(reason)) as raised:
        made(data)
    assert raised.value.field == field
    assert "yesterday" not in str(raised.value)


def test_a_backslash_before_u0000_is_only_text() -> None:
    assert json.loads(made({"path": "C:\\u0000"}).data) == {"path": "C:\\u0000"}


@pytest.mark.parametrize(("levels", "fits"), [(100, True), (101, False), (5000, False)])
def test_nesting_has_an_end(levels: int, fits: bool) -> None:
    data: dict[str, Any] = {}
    for _ in range(levels - 1):
        data = {"a": data}
    if fits:
        made(data)
    else:
        with pytest.raises(Refused) as raised:
            made(data)
        assert raised.value.field == "treatment_data"


def test_many_brackets_side_by_side_are_not_nesting() -> None:
    made({"samples": [[n] for n in range(500)]})


@pytest.mark.parametrize("text", ["a\0", "a\nb", "\ud800", "\x7f"])
def test_ids_and_keys_are_plain_text(text: str) -> None:
    with pytest.raises(Refused, match="patient_id: must not hold control characters"):
        made({}, patient=text)
    with pytest.raises(Refused, match="idempotency_key: must not hold control characters"):
        made({}, key=text)
