from __future__ import annotations

from typing import Any

import pytest
from function_kit.http_api import HttpError
from generate_presigned_url.request import parse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

BUCKET = "downloads"


def reasons(**parameters: Any) -> dict[str, str]:
    """The reason for each field that is refused."""
    with pytest.raises(ValidationError) as raised:
        parse(parameters, BUCKET)
    return {".".join(map(str, e["loc"])): e["msg"] for e in raised.value.errors()}


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "device-logs/2026/01/log 1.txt",
        "é/ü/日本語.log",
        "a//b",
        "..a/b..",
        "trailing/",
        "a+b&c=d?e#f%20",
        "x" * 1024,
        "é" * 512,
        ".hidden",
    ],
)
def test_keys_that_s3_takes_are_taken_as_they_are(key: str) -> None:
    assert parse({"key": key}, BUCKET).key == key
    assert parse({"object_key": key}, BUCKET).key == key


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "1 to 1024 bytes"),
        ("x" * 1025, "1 to 1024 bytes"),
        ("é" * 513, "1 to 1024 bytes"),
        ("a\nb", "control characters"),
        ("a\0", "control characters"),
        ("a\x7f", "control characters"),
        ("a\x85", "control characters"),
        ("a\ud800", "surrogate"),
        ("/a", "begin with /"),
        ("a/../b", "segment"),
        ("..", "segment"),
        ("./a", "segment"),
        ("a/.", "segment"),
        (5, "must be text"),
        (None, "must be text"),
        (["a"], "must be text"),
    ],
)
def test_other_keys_are_refused_with_the_reason(key: Any, reason: str) -> None:
    assert reason in reasons(key=key)["key"]


def test_a_missing_key_is_named() -> None:
    assert reasons() == {"key": "Field required"}


def test_a_key_comes_before_an_object_key() -> None:
    assert parse({"key": "a", "object_key": "b"}, BUCKET).key == "a"


@pytest.mark.parametrize(
    ("given_value", "seconds"),
    [
        (None, None),
        (600, 600),
        ("600", 600),
        ("600.9", 600),
        (60, 60),
        (59, 60),
        (0, 60),
        (-5, 60),
        ("-1e9", 60),
        (43200, 43200),
        (43201, 43200),
        ("1e400", 43200),
        (10**400, 43200),
        (float("inf"), 43200),
    ],
)
def test_the_time_is_brought_into_range(given_value: Any, seconds: int | None) -> None:
    parameters = {"key": "a"} | ({} if seconds is None else {"expiration": given_value})
    assert parse(parameters, BUCKET).expiration == (seconds or 3600)


@pytest.mark.parametrize("value", ["soon", "", "12h", None, True, [60], {"s": 1}, "nan"])
def test_a_time_that_is_no_number_is_refused_with_the_reason(value: Any) -> None:
    assert reasons(key="a", expiration=value) == {
        "expiration": "Value error, must be a number of seconds"
    }


@given(st.one_of(st.integers(), st.floats(allow_nan=False)))
def test_any_number_gives_a_time_in_range(value: float) -> None:
    assert 60 <= parse({"key": "a", "expiration": value}, BUCKET).expiration <= 43200


def test_every_bad_field_is_named_at_once() -> None:
    assert set(reasons(key="/", expiration="x")) == {"key", "expiration"}


def test_the_bucket_is_not_the_callers_to_choose() -> None:
    assert parse({"key": "a", "bucket": BUCKET}, BUCKET).key == "a"
    for other in ("elsewhere", "", None, ["downloads"]):
        with pytest.raises(HttpError) as raised:
            parse({"key": "a", "bucket": other}, BUCKET)
        assert raised.value.status == 400
        assert raised.value.fields == [
            {"field": "bucket", "reason": "the bucket is fixed and cannot be chosen"}
        ]


def test_the_described_answer_is_the_one_that_is_given() -> None:
    from function_kit.openapi import described  # noqa: PLC0415

    operations = described("generate_presigned_url.api")["operations"]
    assert set(operations) == {"GET /downloads", "GET /s3url"}
    names = [parameter["name"] for parameter in operations["GET /downloads"]["parameters"]]
    assert names == ["key", "object_key", "expiration"]
