"""The messages' API: counts that nobody has to wait for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from function_kit.http_api import HttpError
from function_kit.signed_api import SignedApi
from message_kit.message import Draft, Message, MessageType, Status
from message_webapi.counting import Counts
from message_webapi.metrics import FRESH_SECONDS, LEASE_SECONDS, Metrics, hourly, totals

from tests.kit.webapi import WebApi, web_api

NOON = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)


@pytest.fixture
def api(aws_endpoint: str) -> Iterator[WebApi]:
    with web_api(aws_endpoint) as made:
        yield made


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now.timestamp()

    def __call__(self) -> float:
        return self.now


def message(
    created: datetime, status: Status = Status.COMPLETED, kind: MessageType = MessageType.NOTIFY
) -> Message:
    return Draft(message_type=kind).message("dev", created).model_copy(update={"status": status})


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def dynamodb(api: WebApi) -> Iterator[SignedApi]:
    kept = SignedApi("dynamodb", base=api.endpoint)
    yield kept
    kept.close()


@pytest.fixture
def metrics(api: WebApi, dynamodb: SignedApi, clock: Clock) -> Metrics:
    return Metrics(dynamodb, api.table, "dev", clock)


def shown(counts: Counts) -> dict[str, Any]:
    return totals(counts, "dev")


def test_an_empty_table(metrics: Metrics) -> None:
    assert shown(metrics.counts()) == {
        "total": 0,
        "by_status": {"created": 0, "queued": 0, "processing": 0, "failed": 0, "completed": 0},
        "by_stage": {"dev": 0},
        "by_type": {},
        "as_of": "2026-06-15T12:30:00.000Z",
        "complete": True,
    }


def test_everything_is_counted_once(api: WebApi, metrics: Metrics) -> None:
    days = [timedelta(days=n, minutes=7) for n in (0, 0, 1, 2, 30, 89, 90)]
    api.store(
        *(message(NOON - ago) for ago in days),
        message(NOON - timedelta(hours=1), Status.FAILED, MessageType.WEB_ACTION),
        message(NOON - timedelta(days=40), Status.FAILED),
        message(NOON, Status.PROCESSING),
        # The edges of a day.
        message(datetime(2026, 6, 10, tzinfo=UTC)),
        message(datetime(2026, 6, 10, 23, 59, 59, 999000, tzinfo=UTC)),
    )
    found = shown(metrics.counts())
    assert found["total"] == 12
    assert found["by_type"] == {"notify": 11, "web_action": 1}
    assert found["by_status"] == {
        "created": 0, "queued": 0, "processing": 1, "failed": 2, "completed": 9,
    }  # fmt: skip
    assert found["by_stage"] == {"dev": 12}


def test_counts_are_kept_for_a_minute_and_shared(
    api: WebApi, dynamodb: SignedApi, metrics: Metrics, clock: Clock
) -> None:
    assert shown(metrics.counts())["total"] == 0
    api.store(message(NOON))
    another = Metrics(dynamodb, api.table, "dev", clock)
    clock.now += FRESH_SECONDS - 1
    assert shown(another.counts())["total"] == 0
    clock.now += 2
    assert shown(another.counts())["total"] == 1
    assert shown(metrics.counts())["total"] == 1


def test_days_that_are_over_are_not_counted_each_time(
    api: WebApi, metrics: Metrics, clock: Clock
) -> None:
    api.store(message(NOON - timedelta(days=5)))
    metrics.counts()
    clock.now += FRESH_SECONDS + 1
    # Hardly anything is created on a day that is over: a message there shows who looks again.
    api.store(message(NOON - timedelta(days=5)), message(NOON - timedelta(days=1)))
    assert shown(metrics.counts())["total"] == 2


def test_days_that_are_over_are_counted_again_in_turn(
    api: WebApi, metrics: Metrics, clock: Clock
) -> None:
    """A schedule's message may be redriven when the day that it was due is long over."""
    metrics.counts()
    late = [message(NOON - timedelta(days=back)) for back in (2, 4, 91)]
    api.store(*late)
    seen = []
    for _ in range(len(metrics.counts().days)):
        clock.now += FRESH_SECONDS + 1
        seen.append(shown(metrics.counts())["total"])
    assert seen == sorted(seen), "one day at a time, and none is forgotten again"
    assert set(seen) == {1, 2, 3}
    assert seen.index(3) > seen.index(2)


def test_a_day_that_is_over_by_now_is_counted(api: WebApi, metrics: Metrics, clock: Clock) -> None:
    metrics.counts()
    api.store(message(NOON))
    for _ in range(3):
        clock.now += 86400
        assert shown(metrics.counts())["total"] == 1


def test_one_counts_while_others_get_the_old_counts(
    api: WebApi, metrics: Metrics, clock: Clock
) -> None:
    metrics.counts()
    clock.now += FRESH_SECONDS + 1
    assert metrics._leased()  # somebody else counts, and dies
    api.store(message(NOON))
    assert shown(metrics.counts())["total"] == 0
    clock.now += LEASE_SECONDS + 1
    assert shown(metrics.counts())["total"] == 1


def test_the_first_count_is_under_way(metrics: Metrics) -> None:
    assert metrics._leased()
    with pytest.raises(HttpError) as refused:
        metrics.counts()
    assert refused.value.status == 503


def test_too_much_to_count_at_once_is_counted_bit_by_bit(
    api: WebApi, metrics: Metrics, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.store(*(message(NOON - timedelta(days=n)) for n in range(0, 80, 4)))
    monkeypatch.setattr("message_webapi.metrics.BUDGET_SECONDS", -1.0)
    found = shown(metrics.counts())
    assert (found["total"], found["complete"]) == (1, False)
    monkeypatch.setattr("message_webapi.metrics.BUDGET_SECONDS", 10.0)
    clock.now += 6  # what is not complete is not kept for a minute
    found = shown(metrics.counts())
    assert (found["total"], found["complete"]) == (20, True)


def test_the_last_day_by_the_hour(api: WebApi, metrics: Metrics) -> None:
    api.store(
        message(NOON, Status.FAILED),
        message(NOON - timedelta(minutes=31)),
        message(NOON - timedelta(hours=23)),
        message(NOON - timedelta(hours=24)),
    )
    hours = hourly(metrics.counts())["hours"]
    assert len(hours) == 24
    assert (hours[0]["hour"], hours[-1]["hour"]) == (
        "2026-06-14T13:00:00.000Z",
        "2026-06-15T12:00:00.000Z",
    )
    assert [hour["total"] for hour in hours] == [1, *[0] * 21, 1, 1]
    assert hours[-1]["by_status"] == {"failed": 1}


def test_many_pages(api: WebApi, metrics: Metrics) -> None:
    bulky = {"message": "x" * 90_000}
    drafts = [Draft(message_type=MessageType.NOTIFY, payload=bulky) for _ in range(25)]
    api.store(*(draft.message("dev", NOON) for draft in drafts))
    found = shown(metrics.counts())
    assert found["total"] == 25
    assert found["by_status"]["created"] == 25


def test_over_http(api: WebApi) -> None:
    api.ask("POST", "/api/messages", {"message_type": "hello_world"})
    status, body = api.ask("GET", "/api/metrics")
    assert status == 200
    assert (body["total"], body["by_stage"], body["by_type"]) == (1, {"dev": 1}, {"hello_world": 1})
    status, body = api.ask("GET", "/api/metrics/hourly")
    assert status == 200
    assert sum(hour["total"] for hour in body["hours"]) == 1
