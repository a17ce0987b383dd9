"""Each treatment once, whatever is sent twice, at once, in parts or in another order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insert_ppu_data.store import insert

from tests.kit.database_server import Server
from tests.kit.insert import BUCKET, Answer, Function

COUNT = 6000


def record(number: int) -> dict[str, Any]:
    time = f"2026-01-05T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    key = {"idempotency_key": f"key-{number}"} if number % 7 == 0 else {}
    return {
        "patient_id": f"patient-{number}",
        "treatment_data": {"timestamp": time, "n": number},
        **key,
    }


RECORDS = [record(n) for n in range(COUNT)]
TIMELESS = {"patient_id": "patient-t", "treatment_data": {"program": "rehab-b"}}
LINES = [json.dumps(r).encode() + b"\n" for r in RECORDS]


@pytest.fixture
def function(treatments: Function) -> Function:
    treatments.server.empty()
    return treatments


@pytest.fixture
def server(function: Function) -> Server:
    return function.server


def put(function: Function, key: str, content: bytes, on_error: str = "reject_all") -> Any:
    function.s3.put_object(Bucket=BUCKET, Key=f"treatments/{key}", Body=content)
    return {"object": {"key": f"treatments/{key}"}, "on_error": on_error}


def at_once(function: Function, events: list[Any]) -> list[Answer]:
    """The answers to events that are sent together, each to an environment of its own."""
    answers: dict[int, Answer] = {}
    gate = threading.Barrier(len(events))

    def invoke(place: int) -> None:
        environment = function.fresh()
        try:
            gate.wait()
            answers[place] = function(events[place], environment)
        finally:
            function.end(environment)

    threads = [threading.Thread(target=invoke, args=[place]) for place in range(len(events))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[place] for place in range(len(events))]


def inserted(answer: Answer) -> int:
    assert answer.status == 200, answer.body
    return int(answer.body["inserted"])


@pytest.mark.parametrize("on_error", ["reject_all", "skip_invalid"])
def test_the_same_file_twice(function: Function, server: Server, on_error: str) -> None:
    wanted = put(function, "file", b"".join(LINES), on_error)
    assert inserted(function(wanted)) == COUNT
    assert inserted(function(wanted)) == 0
    assert len(server.rows()) == COUNT


@pytest.mark.parametrize("on_error", ["reject_all", "skip_invalid"])
def test_the_same_file_twice_at_once(function: Function, server: Server, on_error: str) -> None:
    wanted = put(function, "file", b"".join(LINES), on_error)
    answers = at_once(function, [wanted] * 3)
    assert sum(map(inserted, answers)) == len(server.rows()) == COUNT


def test_half_a_file_then_the_whole(function: Function, server: Server) -> None:
    whole = b"".join(LINES)
    half = whole[: len(whole) // 2]
    whole_lines = half.count(b"\n")
    answer = function(put(function, "half", half))
    assert answer.status == 400  # it ends in the middle of a line
    assert answer.body["error"]["fields"][0]["field"] == f"lines.{whole_lines + 1}"
    assert server.rows() == {}
    assert inserted(function(put(function, "half", half, "skip_invalid"))) == whole_lines
    assert inserted(function(put(function, "whole", whole))) == COUNT - whole_lines
    assert len(server.rows()) == COUNT


def test_files_that_overlap_in_opposite_order_at_once(function: Function, server: Server) -> None:
    """Each holds rows that the other waits for, until PostgreSQL ends one of them."""
    answers = at_once(
        function,
        [
            put(function, "forth", b"".join(LINES)),
            put(function, "back", b"".join(reversed(LINES))),
        ],
    )
    assert sum(map(inserted, answers)) == len(server.rows()) == COUNT


def test_every_way_at_once(function: Function, server: Server) -> None:
    some = RECORDS[:40]
    lines = b"".join(LINES[:40])
    events: list[Any] = [
        *some[:10],
        {"records": some},
        {"records": some[::-1]},
        put(function, "some", lines),
        put(function, "skip", lines, "skip_invalid"),
    ]
    answers = at_once(function, events)
    assert {answer.status for answer in answers} == {200}
    assert sorted(server.rows().values()) == sorted(r["patient_id"] for r in some)
    ids = dict(zip((r["patient_id"] for r in some), answers[10].body["record_ids"], strict=True))
    for answer in answers[:10]:
        assert answer.body["record_id"] == ids[answer.body["patient_id"]]


def test_without_a_time_and_a_key_each_request_has_treatments_of_its_own(
    function: Function, server: Server
) -> None:
    first, second = function(TIMELESS), function(TIMELESS)
    assert first.body["message"] == second.body["message"] == "The treatment is stored."
    many = function({"records": [TIMELESS, TIMELESS]})
    assert inserted(many) == 2
    ids = {first.body["record_id"], second.body["record_id"], *many.body["record_ids"]}
    assert len(ids) == 4
    assert set(server.rows()) == ids


def test_without_a_time_and_a_key_a_file_may_be_sent_again(
    function: Function, server: Server
) -> None:
    lines = b"".join(json.dumps({**TIMELESS, "patient_id": name}).encode() + b"\n" for name in "pq")
    wanted = put(function, "timeless", lines)
    assert inserted(function(wanted)) == 2
    assert inserted(function(wanted)) == 0
    assert sorted(server.rows().values()) == ["p", "q"]


def test_an_answer_that_is_lost_after_the_commit_leaves_one_row(
    function: Function, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a treatment that only its moment tells from others: the second attempt has the first's."""
    attempts: list[int] = []

    def cut_after_the_first(connection: psycopg.Connection, *stored: Any) -> Any:
        result = insert(connection, *stored)
        attempts.append(connection.info.backend_pid)
        if len(attempts) == 1:
            with server.admin() as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", [attempts[0]])
            connection.execute("SELECT pg_sleep(60)")
        return result

    monkeypatch.setattr("insert_ppu_data.batch.insert", cut_after_the_first)
    answer = function(TIMELESS)
    assert answer.status == 200, answer.body
    assert len(set(attempts)) == 2
    assert server.rows() == {answer.body["record_id"]: "patient-t"}


NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=40)
STEPS = st.lists(
    st.tuples(st.sampled_from(["one", "records", "object", "skip"]), NUMBERS),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_any_records_in_any_way_and_order_end_as_the_set_of_them(
    treatments: Function, steps: list[tuple[str, list[int]]]
) -> None:
    ways: dict[str, Callable[[list[int]], Any]] = {
        "one": lambda numbers: RECORDS[numbers[0]],
        "records": lambda numbers: {"records": [RECORDS[n] for n in numbers]},
        "object": lambda numbers: put(treatments, "any", b"".join(LINES[n] for n in numbers)),
        "skip": lambda numbers: put(
            treatments, "any", b"{}\n" + b"".join(LINES[n] for n in numbers), "skip_invalid"
        ),
    }
    treatments.server.empty()
    expected: set[int] = set()
    for way, numbers in steps:
        answer = treatments(ways[way](numbers))
        assert answer.status == 200, answer.body
        sent = set(numbers[:1] if way == "one" else numbers)
        if way != "one":
            assert inserted(answer) == len(sent - expected)
        expected |= sent
    assert sorted(treatments.server.rows().values()) == sorted(f"patient-{n}" for n in expected)
