"""What the history of releases says: where a rollback goes, and what an item holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fleet.project import SampleEvent
from fleet.release import smoke
from fleet.release.told import Answer
from function_kit import releases
from function_kit.releases import Lock, Release, by_digest, by_tag, previous


def release(number: int, version: str, was: str = "", **changes: Any) -> Release:
    made = Release(
        function="alpha",
        release_id=f"{number:04}",
        kind="deploy",
        state="succeeded",
        tag=f"tag{number}",
        digest=f"sha256:{number}",
        previous_version=was,
        previous_digest="",
        actor="a",
        started_at="",
        version=version,
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("known", "live", "expected"),
    [
        ([release(1, "1", "$LATEST")], "1", None),
        ([release(2, "2", "1"), release(1, "1", "$LATEST")], "2", "1"),
        (
            [release(3, "3", "2", state="failed"), release(2, "2", "1"), release(1, "1", "")],
            "2",
            "1",
        ),
        # 2 was rolled away from to 1: from 1 there is nowhere to go, and 3 came from 1.
        (
            [release(4, "1", "2", kind="rollback"), release(2, "2", "1"), release(1, "1", "")],
            "1",
            None,
        ),
        ([release(5, "3", "1"), release(2, "2", "1"), release(1, "1", "")], "3", "1"),
        ([release(3, "2", "2"), release(2, "2", "1"), release(1, "1", "")], "2", "1"),
        # The function was replaced, and counts from 1 again: the old 1 is another one.
        ([release(3, "1", "$LATEST"), release(2, "2", "1"), release(1, "1", "")], "1", None),
        ([release(4, "2", "1"), release(3, "1", "$LATEST"), release(2, "2", "1")], "2", "1"),
        ([release(2, "2", "1")], "2", None),
        ([release(1, "1", "")], "8", None),
        ([], "1", None),
    ],
)
def test_the_previous_release(known: list[Release], live: str, expected: str | None) -> None:
    found = previous(known, live)
    assert (found.version if found else None) == expected


def test_the_previous_release_of_a_replaced_function_is_the_new_one_s() -> None:
    known = [
        release(4, "2", "1"),
        release(3, "1", "$LATEST", tag="after"),
        release(1, "1", "$LATEST", tag="before"),
    ]
    found = previous(known, "2")
    assert found is not None
    assert found.tag == "after"


def test_a_tag_or_digest_leads_to_its_newest_good_release() -> None:
    known = [
        release(3, "3", tag="t", digest="d", state="failed"),
        release(2, "2", tag="t", digest="d"),
        release(1, "1", tag="t", digest="d"),
    ]
    assert [by_tag(known, "t"), by_digest(known, "d")] == [known[1], known[1]]
    assert by_tag(known, "other") is None
    assert by_digest(known, "other") is None


def test_an_item_is_read_as_it_was_written() -> None:
    written = release(1, "1", passed=True, token=7, steps={"update": 12.5}, cold_ms=1.0)
    item = releases.encode(written)
    assert releases.decode_release(item) == written
    assert item["cold_ms"] == {"N": "1"}, "DynamoDB gives numbers back without zeros"
    lock = Lock("alpha", run_id="r", expires_at=1_780_000_000.125, token=2)
    assert releases.decode_lock(releases.encode(lock)) == lock


def test_an_item_of_an_older_or_a_newer_fleet_can_be_read() -> None:
    item = releases.encode(release(1, "1"))
    old = {key: value for key, value in item.items() if key not in {"token", "run_id", "passed"}}
    assert releases.decode_release(old).token == 0
    assert releases.decode_release(item | {"new": {"S": "x"}}) == release(1, "1")


@pytest.mark.parametrize(
    ("payload", "expect", "reason"),
    [
        ({"statusCode": 200, "more": 1}, {"statusCode": 200}, None),
        ({"statusCode": 500}, {"statusCode": 200}, "$.statusCode is 500, not 200"),
        ({}, {"statusCode": 200}, "$.statusCode is missing"),
        ("text", {"statusCode": 200}, "$ is text, not an object"),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, None),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "$.a.b is [1, 2], not [1]"),
        ({"a": "x" * 900}, {"a": "y"}, "…"),
    ],
)
def test_answers_are_held_against_expectations(
    payload: Any, expect: Any, reason: str | None
) -> None:
    told = smoke.verdict(Answer(payload, None, 1.0), SampleEvent("smoke", {}, expect))
    assert told is None if reason is None else reason in (told or "")


def test_a_function_error_fails_whatever_the_payload_looks_like() -> None:
    good = {"statusCode": 200}
    told = smoke.verdict(Answer(good, "Unhandled", 1.0), SampleEvent("smoke", {}, good))
    assert told is not None
    assert "Unhandled" in told
