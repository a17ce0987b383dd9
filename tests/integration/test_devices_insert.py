"""insert-ppu-data against a real PostgreSQL and a local S3: what it answers and stores."""

from __future__ import annotations

import gzip
import itertools
import json
from typing import Any

import pytest
from function_kit.deadline import Deadline
from function_kit.postgres import DatabaseUnavailable
from insert_ppu_data.models import MAX_RECORDS, LoadAnswer
from insert_ppu_data.patience import DatabaseRefused

from tests.kit.database_server import Server
from tests.kit.insert import BUCKET, Answer, Function


def record(number: int, **more: Any) -> dict[str, Any]:
    data = {
        "timestamp": f"2026-01-05T09:{number % 60:02d}:00Z",
        "n": number,
        "outcome": "completed",
    }
    return {"patient_id": f"patient-{number}", "treatment_data": data, **more}


def ndjson(*records: Any) -> bytes:
    return b"".join(
        (item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in records
    )


BAD = {"patient_id": "", "treatment_data": {"timestamp": "2026-01-05T09:00:00Z"}}


def http(body: Any, **more: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"version": "2.0", "requestContext": {}, "body": text, "isBase64Encoded": False, **more}


def fields(answer: Answer) -> dict[str, str]:
    return {field["field"]: field["reason"] for field in answer.body["error"]["fields"]}


def counts(answer: Answer) -> tuple[int, int, int, int]:
    assert answer.status == 200, answer.body
    LoadAnswer.model_validate(answer.body)
    names = ("received", "inserted", "already_stored", "rejected")
    received, inserted, already, rejected = (answer.body[name] for name in names)
    assert received == inserted + already + rejected
    return received, inserted, already, rejected


@pytest.fixture
def function(treatments: Function) -> Function:
    treatments.server.empty()
    return treatments


@pytest.fixture
def server(function: Function) -> Server:
    return function.server


def put(function: Function, key: str, content: bytes) -> dict[str, Any]:
    function.s3.put_object(Bucket=BUCKET, Key=f"treatments/{key}", Body=content)
    return {"object": {"key": f"treatments/{key}"}}


def test_a_treatment_is_stored_as_it_was_sent(function: Function, server: Server) -> None:
    sent = record(1)
    answer = function(http(sent))
    assert answer.status == 200
    LoadAnswer.model_validate(answer.body)
    assert answer.body["success"] is True
    assert answer.body["patient_id"] == "patient-1"
    assert answer.body["timestamp"] == "2026-01-05T09:01:00Z"
    assert answer.body["environment"] == "local"
    with server.admin() as admin:
        (row,) = admin.execute(
            "SELECT id::text, patient_id, treatment_data, timestamp::text, environment,"
            " now() - created_at < '1 minute' FROM ppu_treatments"
        ).fetchall()
    assert row == (
        answer.body["record_id"], "patient-1", sent["treatment_data"], "2026-01-05 09:01:00+00",
        "local", True,
    )  # fmt: skip


def test_sent_again_it_is_the_first_record(function: Function, server: Server) -> None:
    keyed = {"patient_id": "p", "treatment_data": {"n": 1}, "idempotency_key": "k"}
    for sent in (record(1), keyed):
        first, again = function(sent), function(http(sent))
        assert again.status == 200
        for name in ("record_id", "timestamp", "patient_id"):
            assert first.body[name] == again.body[name]
    assert len(server.rows()) == 2


def test_one_key_for_two_treatments_is_refused(function: Function, server: Server) -> None:
    assert function(record(1, idempotency_key="k")).status == 200
    answer = function({**record(2), "patient_id": "patient-1", "idempotency_key": "k"})
    assert (answer.status, answer.body["error"]["code"]) == (409, "idempotency_key_reused")
    assert fields(answer) == {"idempotency_key": "is of another treatment of this patient"}
    assert function(record(2, idempotency_key="k")).status == 200
    assert len(server.rows()) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "patient_id"),
        ({"patient_id": "p"}, "treatment_data"),
        ({"patient_id": 1, "treatment_data": {}}, "patient_id"),
        ({"patient_id": "p\0", "treatment_data": {}}, "patient_id"),
        ({"patient_id": "\ud800", "treatment_data": {}}, "patient_id"),
        ({"patient_id": "p", "treatment_data": []}, "treatment_data"),
        ({"patient_id": "p", "treatment_data": {"x": float("nan")}}, "treatment_data"),
        ({"patient_id": "p", "treatment_data": {"x": "\0"}}, "treatment_data"),
        ({"patient_id": "p", "treatment_data": {"timestamp": 5}}, "treatment_data.timestamp"),
        ({"records": []}, "records"),
        ({"records": "x"}, "records"),
        ({"records": [record(1)], "on_error": "hope"}, "on_error"),
        ({"records": [record(1)], "object": {}}, "object"),
        ({"object": "x"}, "object"),
        ({"object": {"key": "treatments/x", "bucket": "mine"}}, "object.bucket"),
        ({"object": {"key": "treatments/\ud800"}}, "object.key"),
        ({"object": {"key": "treatments/x", "line": -1}}, "object.line"),
        ("{", "body"),
        ("[]", "body"),
    ],
)
def test_what_is_not_valid_is_named(
    function: Function, server: Server, body: Any, field: str
) -> None:
    answer = function(http(body))
    assert answer.status == 400
    assert field in fields(answer)
    assert server.rows() == {}


def test_records_are_stored_in_one_call(function: Function, server: Server) -> None:
    function(record(2))
    answer = function({"records": [record(1), record(2), record(3), record(1)]})
    assert counts(answer) == (4, 2, 2, 0)
    ids = answer.body["record_ids"]
    assert ids[0] == ids[3]
    assert server.rows() == {ids[0]: "patient-1", ids[1]: "patient-2", ids[2]: "patient-3"}
    assert counts(function({"records": [record(1), record(2), record(3)]})) == (3, 0, 3, 0)


def test_one_bad_record_keeps_all_out_or_only_itself(function: Function, server: Server) -> None:
    records = [record(0), BAD, record(2), {**record(3), "treatment_data": {"timestamp": "?"}}]
    answer = function(http({"records": records}))
    assert answer.status == 400
    assert list(fields(answer)) == ["records.1.patient_id", "records.3.treatment_data.timestamp"]
    assert server.rows() == {}
    answer = function(http({"records": records, "on_error": "skip_invalid"}))
    assert counts(answer) == (4, 2, 0, 2)
    assert [(p["record"], p["field"]) for p in answer.body["problems"]] == [
        (1, "patient_id"), (3, "treatment_data.timestamp"),
    ]  # fmt: skip
    ids = answer.body["record_ids"]
    assert (ids[1], ids[3]) == (None, None)
    assert server.rows() == {ids[0]: "patient-0", ids[2]: "patient-2"}
    assert function({"records": [BAD], "on_error": "skip_invalid"}).status == 400


@pytest.mark.parametrize("before", [True, False], ids=["stored before", "in the same call"])
def test_a_reused_key_keeps_all_out_or_only_itself(
    function: Function, server: Server, before: bool
) -> None:
    first = record(1, idempotency_key="k")
    other = {**record(9), "patient_id": "patient-1", "idempotency_key": "k"}
    if before:
        function(first)
    records = [first, record(2), other]
    answer = function({"records": records})
    assert (answer.status, list(fields(answer))) == (409, ["records.2.idempotency_key"])
    assert len(server.rows()) == int(before)
    answer = function({"records": records, "on_error": "skip_invalid"})
    assert counts(answer) == (3, 2 - before, int(before), 1)
    assert answer.body["record_ids"][2] is None
    assert sorted(server.rows().values()) == ["patient-1", "patient-2"]


def test_too_much_at_once_is_refused(function: Function, server: Server) -> None:
    answer = function({"records": [record(1)] * (MAX_RECORDS + 1)})
    assert (answer.status, answer.body["error"]["code"]) == (413, "too_many_records")
    answer = function(http(" " * (function.handler.MAX_BODY + 1)))
    assert (answer.status, answer.body["error"]["code"]) == (413, "too_large")
    assert server.rows() == {}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_an_object_is_stored(function: Function, server: Server, pack: Any) -> None:
    wanted = put(function, "a", pack(ndjson(*(record(n) for n in range(3000)), record(5))))
    answer = function(http(wanted))
    assert counts(answer) == (3001, 3000, 1, 0)
    assert (answer.body["complete"], answer.body["next"]) == (True, None)
    assert len(server.rows()) == 3000
    assert counts(function(wanted)) == (3001, 0, 3001, 0)


def test_bad_lines_keep_an_object_out_or_only_themselves(
    function: Function, server: Server
) -> None:
    other = {**record(0), "patient_id": "patient-7", "idempotency_key": "k"}
    lines = [record(n) for n in range(2000)] + [BAD, record(7, idempotency_key="k"), b"{", other]
    wanted = put(function, "bad", ndjson(*lines))
    answer = function(wanted)
    assert answer.status == 400
    assert list(fields(answer)) == ["lines.2001.patient_id", "lines.2003"]
    assert server.rows() == {}
    answer = function({**wanted, "on_error": "skip_invalid"})
    assert counts(answer) == (2004, 2001, 0, 3)
    assert [(p["record"], p["field"]) for p in answer.body["problems"]] == [
        (2001, "patient_id"), (2003, ""), (2004, "idempotency_key"),
    ]  # fmt: skip
    assert len(server.rows()) == 2001


def test_a_reused_key_in_an_object_is_a_conflict(function: Function, server: Server) -> None:
    other = {**record(0), "patient_id": "patient-7", "idempotency_key": "k"}
    answer = function(put(function, "reused", ndjson(record(7, idempotency_key="k"), other)))
    assert (answer.status, list(fields(answer))) == (409, ["lines.2.idempotency_key"])
    assert server.rows() == {}


class Ticking(Deadline):
    """Each look at it takes a while."""

    tick = 0.4

    @classmethod
    def from_context(cls, context: Any, reserve: float, clock: Any = None) -> Ticking:
        ticks = itertools.count()
        return cls.after(6 - reserve, lambda: next(ticks) * cls.tick)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_what_does_not_fit_into_one_call_goes_on_in_the_next(
    function: Function, server: Server, pack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function.handler, "Deadline", Ticking)
    monkeypatch.setattr(Ticking, "tick", 0.4)
    monkeypatch.setattr("insert_ppu_data.imports._PIECES", 1)
    monkeypatch.setattr("insert_ppu_data.ndjson._PIECE", 20_000)
    monkeypatch.setattr("function_kit.signed_api._PIECE", 20_000)
    wanted = put(function, "long", pack(ndjson(*(record(n) for n in range(3000)))))
    answer = function(wanted)
    assert (answer.status, answer.body["error"]["code"]) == (413, "too_large")
    assert "skip_invalid" in answer.body["error"]["message"]
    assert server.rows() == {}

    monkeypatch.setattr(Ticking, "tick", 0.2)  # in gzip, what is done is read over again
    request, stored, calls = {**wanted, "on_error": "skip_invalid"}, 0, 0
    while request["object"]:
        received, inserted, *_ = counts(answer := function(request))
        assert received == inserted > 0
        assert answer.body["complete"] == (answer.body["next"] is None)
        request["object"] = answer.body["next"]
        stored, calls = stored + inserted, calls + 1
    assert calls > 2
    assert stored == len(server.rows()) == 3000


def test_an_object_that_changed_is_not_gone_on_with(function: Function) -> None:
    wanted = put(function, "changing", ndjson(record(1)))
    etag = function.s3.head_object(Bucket=BUCKET, Key="treatments/changing")["ETag"]
    place = {**wanted["object"], "etag": etag}
    assert function({"object": place}).status == 200
    put(function, "changing", ndjson(record(2)))
    answer = function({"object": place})
    assert (answer.status, answer.body["error"]["code"]) == (409, "object_changed")


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("treatments/none", 404),
        ("uploads/x", 403),
        ("treatments/../uploads/x", 403),
        ("treatments/./x", 403),
    ],
)
def test_other_objects_are_not_read(function: Function, key: str, status: int) -> None:
    function.s3.put_object(Bucket=BUCKET, Key="uploads/x", Body=ndjson(record(1)))
    assert function({"object": {"key": key}}).status == status


def test_an_object_that_is_damaged_is_said(function: Function, server: Server) -> None:
    packed = gzip.compress(ndjson(*(record(n) for n in range(2000))))
    answer = function(put(function, "cut", packed[: len(packed) // 2]))
    assert (answer.status, answer.body["error"]["code"]) == (400, "invalid_object")
    assert "cut off" in fields(answer)["object"]
    assert server.rows() == {}


def test_a_table_that_is_not_there_is_our_fault_and_says_nothing_of_the_row(
    function: Function, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.admin() as admin:
        admin.execute("ALTER TABLE ppu_treatments RENAME TO away")
        try:
            for body in (record(1), {"records": [record(1)]}):
                assert function(http(body)).status == 500
            with pytest.raises(DatabaseRefused, match=r"UndefinedTable \(42P01\)"):
                function.upload(put(function, "x", ndjson(record(1)))["object"]["key"])
        finally:
            admin.execute("ALTER TABLE away RENAME TO ppu_treatments")
    assert "patient-1" not in capsys.readouterr().out
    assert function(record(1)).status == 200


def test_a_row_that_the_database_refuses_is_in_no_log(
    function: Function, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.admin() as admin:
        admin.execute("ALTER TABLE ppu_treatments ADD CHECK (patient_id <> 'patient-66')")
    try:
        for body in (record(66), {"records": [record(66)]}, put(function, "y", ndjson(record(66)))):
            assert function(http(body)).status == 500
    finally:
        with server.admin() as admin:
            admin.execute(
                "ALTER TABLE ppu_treatments DROP CONSTRAINT ppu_treatments_patient_id_check"
            )
    out = capsys.readouterr().out
    assert "CheckViolation (23514)" in out
    assert "patient-66" not in out
    assert "completed" not in out


def test_the_smoke_test_logs_in_anew(function: Function, server: Server) -> None:
    checks = function.handler._checks(function.settings)
    assert set(checks) == {"database", "objects"}
    for check in checks.values():
        check()
    function.s3.delete_object(Bucket=BUCKET, Key="treatments/none")
    with server.admin() as admin:
        admin.execute("ALTER ROLE fleet_app NOLOGIN")
        try:
            with pytest.raises(DatabaseUnavailable, match="not permitted to log in"):
                checks["database"]()
        finally:
            admin.execute("ALTER ROLE fleet_app LOGIN")
