"""Treatments out of a stream of bytes, however it is cut."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insert_ppu_data.models import TreatmentRequest
from insert_ppu_data.ndjson import MAX_LINE, NotGzip, Place, Reader, parse, unpacked
from insert_ppu_data.report import MAX_PROBLEMS, Report
from insert_ppu_data.treatment import Refused, treatment
from pydantic import ValidationError

NOW = 1_000


def line(number: int, **more: Any) -> bytes:
    data = {"timestamp": "2026-01-02T03:04:05Z", "n": number, "note": "naïve"}
    return json.dumps({"patient_id": f"P-{number}", "treatment_data": data, **more}).encode()


def read(
    content: bytes, size: int = 1 << 18, place: Place | None = None
) -> tuple[list[tuple[int, str]], Report, Reader]:
    report = Report()
    place = place or Place(0, 0)
    blocks = (content[at : at + size] for at in range(place.byte, len(content), size))
    stream, _ = unpacked(blocks)
    reader = Reader(stream, report, NOW, place)
    found = [(number, row.patient_id) for piece in reader.pieces() for number, row in piece]
    return found, report, reader


LINES = [line(n) for n in range(1, 8)]
EXPECTED = [(n, f"P-{n}") for n in range(1, 8)]


@given(st.integers(1, 700), st.sampled_from([b"\n", b"\r\n", b" \n"]), st.booleans(), st.booleans())
def test_lines_are_found_wherever_the_blocks_are_cut(
    size: int, end: bytes, last: bool, packed: bool
) -> None:
    content = end.join(LINES) + (end if last else b"")
    found, report, reader = read(gzip.compress(content) if packed else content, size)
    assert found == EXPECTED
    assert (report.received, report.rejected) == (7, 0)
    assert (reader.line, reader.byte) == (7, len(content))


@given(st.integers(1, 700))
def test_reading_goes_on_at_any_place_that_was_reached(size: int) -> None:
    content = b"\n".join(LINES) + b"\n"
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    reader = Reader(blocks, Report(), NOW)
    for _ in reader.pieces():
        place = Place(reader.line, reader.byte)
        assert read(content, 256, place)[0] == EXPECTED[place.line :]
        # In gzip there is no going to a byte; the lines before are read over.
        assert read(gzip.compress(content), 99, Place(place.line, 0))[0] == EXPECTED[place.line :]


def test_empty_lines_count_and_a_byte_order_mark_does_not_matter() -> None:
    found, report, _ = read(b"\xef\xbb\xbf" + LINES[0] + b"\n\n  \n" + LINES[1])
    assert found == [(1, "P-1"), (4, "P-2")]
    assert (report.received, report.rejected) == (2, 0)


def test_an_empty_object_has_nothing() -> None:
    assert read(b"")[0] == []
    assert read(gzip.compress(b""))[0] == []


@pytest.mark.parametrize(
    ("bad", "field", "reason"),
    [
        (b"{", "", "Invalid JSON"),
        (b"[]", "", "object"),
        (b"null", "", "object"),
        (b'{"patient_id": "a"}', "treatment_data", "Field required"),
        (b'{"patient_id": 5, "treatment_data": {}}', "patient_id", "valid string"),
        (b'{"patient_id": "", "treatment_data": {}}', "patient_id", "at least 1 character"),
        (b'{"patient_id": "a", "treatment_data": []}', "treatment_data", "should be an object"),
        (b'{"patient_id": "a", "treatment_data": {"x": NaN}}', "treatment_data", "NaN"),
        (b'{"patient_id": "a", "treatment_data": {"x": 1e999}}', "treatment_data", "Infinity"),
        (b'{"patient_id": "a", "treatment_data": {"timestamp": "x"}}', "treatment_data.timestamp",
         "ISO 8601"),
        (b'{"patient_id": "a\xff", "treatment_data": {}}', "", "Invalid JSON"),
        (b'{"patient_id": "a", "treatment_data": {"x": ' + b"[" * 9999 + b"]" * 9999 + b"}}", "",
         "Invalid JSON"),
        (b'{"patient_id": "a", "treatment_data": {"x": "' + b"y" * MAX_LINE + b'"}}', "",
         "longer than 262144 bytes"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_its_field(bad: bytes, field: str, reason: str) -> None:
    found, report, _ = read(b"\n".join([LINES[0], bad, LINES[2]]), 50_000)
    assert found == [(1, "P-1"), (3, "P-3")]
    assert (report.received, report.rejected) == (3, 1)
    (problem,) = report.problems
    assert (problem.record, problem.field) == (2, field)
    assert reason in problem.reason


def test_a_line_without_end_is_not_kept() -> None:
    found, report, reader = read(b"x" * (5 * MAX_LINE) + b"\n" + LINES[1])
    assert found == [(2, "P-2")]
    assert report.problems[0].reason == "is longer than 262144 bytes"
    assert reader.byte == 5 * MAX_LINE + 1 + len(LINES[1])


def test_all_bad_lines_are_counted_and_the_first_named() -> None:
    _, report, _ = read(b"?\n" * 1000)
    assert (report.received, report.rejected) == (1000, 1000)
    assert [p.record for p in report.problems] == list(range(1, MAX_PROBLEMS + 1))


def test_several_gzip_files_one_after_the_other_are_one() -> None:
    packed = gzip.compress(LINES[0] + b"\n") + gzip.compress(LINES[1] + b"\n")
    for size in (1, 7, 1000):
        assert read(packed, size)[0] == EXPECTED[:2]


@given(st.integers(10, 200))
def test_gzip_that_is_cut_off_is_not_taken_for_whole(end: int) -> None:
    packed = gzip.compress(b"\n".join(LINES))
    with pytest.raises(NotGzip, match="cut off"):
        read(packed[: min(end, len(packed) - 1)], 64)


def test_damaged_gzip_is_said() -> None:
    packed = bytearray(gzip.compress(b"\n".join(LINES)))
    packed[20:24] = b"\xff\xff\xff\xff"
    with pytest.raises(NotGzip, match="damaged"):
        read(bytes(packed))


def test_a_small_gzip_of_a_huge_line_is_unpacked_in_small_parts() -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    stream, _ = unpacked(iter([packed]))
    assert max(len(block) for block in stream) <= 256 * 1024


TEXT = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "patient_id": TEXT | VALUES,
        "treatment_data": st.dictionaries(TEXT | st.just("timestamp"), VALUES, max_size=4) | VALUES,
        "idempotency_key": TEXT | VALUES,
        "other": VALUES,
    },
)


@given(ALMOST)
def test_a_line_is_taken_just_when_a_request_would_be_and_means_the_same(value: Any) -> None:
    text = json.dumps(value)
    try:
        request = TreatmentRequest.model_validate(json.loads(text))
        expected = treatment(
            request.patient_id, request.treatment_data, request.idempotency_key, NOW
        )
    except (ValidationError, Refused):
        with pytest.raises(Refused):
            parse(text.encode(), NOW)
    else:
        assert parse(text.encode(), NOW) == expected
