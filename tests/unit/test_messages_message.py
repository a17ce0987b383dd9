"""Messages, their items and the cursors of their lists, by themselves."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_kit import cursor, items
from message_kit.message import AuthConfig, Draft, Key, MessageType, Status, key_of, new_id
from message_kit.table import names
from pydantic import ValidationError

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)


def draft(**payload: Any) -> Draft:
    return Draft(message_type=MessageType.NOTIFY, payload=payload)


def test_a_new_message_has_what_the_contract_lists_and_nothing_it_does_not_have() -> None:
    made = draft(message="n").message("dev", NOW)
    document = made.document()
    assert re.fullmatch(r"msg_20260102030405_[0-9a-z]{16}", document.pop("id"))
    assert document == {
        "version": "1.0",
        "created_date": "2026-01-02T03:04:05.678Z",
        "created_by": "api",
        "stage": "dev",
        "message_type": "notify",
        "status": "created",
        "payload": {"message": "n"},
        "updated_date": "2026-01-02T03:04:05.678Z",
        "retry_count": 0,
        "ttl": int((NOW + timedelta(days=90)).timestamp()),
    }
    assert [(m.status, m.at) for m in made.timeline] == [(Status.CREATED, made.created_date)]
    assert json.loads(json.dumps(made.document())) == made.document()


def test_times_are_utc_whatever_zone_they_come_in() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert draft().message("dev", there).created_date == "2026-01-02T03:04:05.678Z"
    assert new_id(there).startswith("msg_20260102030405_")
    assert draft().message("dev", NOW).created == NOW.replace(microsecond=678_000)


def test_no_two_ids_of_a_second_are_the_same() -> None:
    assert len({new_id(NOW) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "payload",
    [
        {"n": 1.5, "big": 10**37, "small": 1e-130, "zero": 0, "yes": True, "no": None},
        {"deep": {"er": [{"still": ["x"]}]}},
        {"x" * 65_535: "a long name", "text": ""},
    ],
)
def test_what_dynamodb_keeps_exactly_is_taken(payload: dict[str, Any]) -> None:
    assert items.values(items.item({"p": draft(**payload).payload})) == {"p": payload}


def nested(levels: int) -> dict[str, Any]:
    return {"x": nested(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"n": float("inf")}, "cannot keep exactly"),
        ({"n": float("nan")}, "cannot keep exactly"),
        ({"n": 10**126}, "cannot keep exactly"),
        ({"n": int("1" * 39)}, "cannot keep exactly"),
        ({"n": 1e-131}, "cannot keep exactly"),
        ({"text": "\ud800"}, "half a surrogate pair"),
        ({"\udfff": 1}, "half a surrogate pair"),
        ({"": 1}, "a name that is empty"),
        ({"deep": [{"": 1}]}, "a name that is empty"),
        ({"x" * 65_536: 1}, "longer than 65535 bytes"),
        ({"ü" * 32_768: 1}, "longer than 65535 bytes"),
        (nested(17), "more than 16 levels"),
    ],
)
def test_what_it_cannot_keep_is_refused_with_a_reason(payload: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        draft(**payload)


@pytest.mark.parametrize("name", ["id", "status", "stage", "ttl", "retry_count", "timeline"])
def test_a_sender_cannot_say_what_is_the_server_s(name: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Draft.model_validate({"message_type": "notify", name: "x"})


@pytest.mark.parametrize(
    "config",
    [
        {"type": "digest"},
        {"secret_name": "a b"},
        {"secret_name": "x#y"},
        {"headers": {"a b": "c"}},
        {"headers": {"a": "b\r\nc: d"}},
        {"password": "secret"},
    ],
)
def test_an_auth_config_holds_no_secret_and_no_odd_header(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AuthConfig.model_validate(config)


@given(st.text())
def test_any_body_is_a_key_or_an_error_that_repeats_nothing(body: str) -> None:
    try:
        found = key_of(body)
    except ValueError as error:
        said = str(error)
        assert len(body) < 8 or body not in said
    else:
        assert found.id
        assert found.created_date


def test_a_body_s_key_is_found() -> None:
    made = draft().message("dev", NOW)
    assert key_of(made.model_dump_json()) == made.key == Key(made.id, made.created_date)


def test_a_body_that_is_nested_without_end_is_an_error() -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        key_of("[" * 100_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_json_comes_back_from_dynamodb_s_form(value: Any) -> None:
    assert items.decode(items.encode(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_they_were(value: float) -> None:
    # As text a whole float is a whole number: its digits come back, and these are the float again.
    assert float(items.decode(items.encode(value))) == value


def test_what_is_not_json_is_not_encoded() -> None:
    with pytest.raises(TypeError, match="datetime"):
        items.encode(NOW)


def test_names_of_attributes_are_found_in_expressions() -> None:
    found = names("SET #a = :b, #c_d = list_append(#e, :f) REMOVE #g")
    assert found == {"#a": "a", "#c_d": "c_d", "#e": "e", "#g": "g"}


KEY = {"id": "msg_x", "created_date": "2026-01-02T03:04:05.678Z", "stage": "dev"}


def test_a_cursor_gives_back_the_key_to_the_same_question_alone() -> None:
    sealed = cursor.seal("table/stage=dev", KEY)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", sealed)
    assert cursor.unseal("table/stage=dev", sealed) == KEY
    with pytest.raises(cursor.BadCursorError):
        cursor.unseal("table/stage=prod", sealed)


@given(st.data())
def test_a_cursor_with_any_one_character_changed_is_refused(data: st.DataObject) -> None:
    sealed = cursor.seal("q", KEY)
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters().filter(lambda c: c != sealed[place]))
    with pytest.raises(cursor.BadCursorError):
        cursor.unseal("q", sealed[:place] + other + sealed[place + 1 :])


@pytest.mark.parametrize("text", ["", "x", "ü", "a b", "=" * 8, "A" * 2000, "AAAA", "\0"])
def test_what_was_never_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(cursor.BadCursorError, match="not one that this list has handed out"):
        cursor.unseal("q", text)


def test_a_cursor_that_was_cut_or_padded_is_refused() -> None:
    sealed = cursor.seal("q", KEY)
    for odd in (sealed[:-1], sealed + "A", sealed + "=", base64.b64encode(b"x" * 40).decode()):
        with pytest.raises(cursor.BadCursorError):
            cursor.unseal("q", odd)
