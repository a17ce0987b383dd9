"""The stand-in digest backend: what it takes, how it can misbehave, and what it remembers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from standins import backend as standin
from standins import serving
from standins.behaviour import Attempt, Behaviour, Kind, Rule, Script

from tests.kit import services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOOK = "https://hooks.slack.com/services/T000/B000/notforthelogs"
BODY = {
    "repo": "acme/api",
    "delivery_method": "slack",
    "webhook_url": HOOK,
    "frequency": "daily",
}


@pytest.fixture(scope="module")
def backend() -> standin.Backend:
    return standin.Backend()


@pytest.fixture(scope="module")
def url(backend: standin.Backend) -> Iterator[str]:
    with serving.running(standin.application(backend)) as base:
        yield base


@pytest.fixture
def post(url: str) -> Iterator[Callable[..., httpx.Response]]:
    with httpx.Client(base_url=url, timeout=0.5, trust_env=False) as client:

        def send(key: str = "", **changes: Any) -> httpx.Response:
            headers = {"idempotency-key": key} if key else {}
            return client.post("/api/v1/digest", json=BODY | changes, headers=headers)

        yield send


def script(url: str, **settings: Any) -> None:
    httpx.put(f"{url}/__control", json=settings).raise_for_status()


def behave(url: str, kind: str, **details: Any) -> None:
    script(url, default={"kind": kind, **details})


def ledger(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{url}/__ledger").json()
    return answer


def test_a_digest_is_delivered(url: str, post: Callable[..., httpx.Response]) -> None:
    behave(url, "ok")
    before = time.time()

    answer = post("m-1:2026-03-02")

    assert answer.status_code == 200
    assert set(answer.json()) == {
        "success",
        "message",
        "summary",
        "repo_name",
        "delivery_status",
        "metrics_json",
    }
    (delivery,) = ledger(url)["deliveries"]
    assert (delivery["repo"], delivery["key"]) == ("acme/api", "m-1:2026-03-02")
    assert before <= delivery["at"] <= time.time()


@pytest.mark.parametrize(
    "changes",
    [
        {"repo": "no-owner"},
        {"repo": None},
        {"delivery_method": "pigeon"},
        {"frequency": "on_merge"},
        {"webhook_url": None},
        {"delivery_method": "email", "webhook_url": None},
    ],
)
def test_a_malformed_body_is_refused_and_not_entered(
    url: str, post: Callable[..., httpx.Response], changes: dict[str, Any]
) -> None:
    behave(url, "ok")

    assert post(**changes).status_code == 422
    assert ledger(url)["attempts"] == []


def test_an_email_digest_needs_no_webhook(url: str, post: Callable[..., httpx.Response]) -> None:
    behave(url, "ok")

    answer = post(delivery_method="email", webhook_url=None, email="team@example.com")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("kind", "details", "status", "deliveries"),
    [
        ("ok", {}, 200, 1),
        ("error", {"status": 500}, 500, 0),
        ("error", {"status": 404}, 404, 0),
        ("rate_limited", {"retry_after": 7}, 429, 0),
        ("not_json", {}, 200, 1),
        ("no_content", {}, 204, 1),
        ("redirect", {}, 307, 0),
    ],
)
def test_answers(
    url: str,
    post: Callable[..., httpx.Response],
    kind: str,
    details: dict[str, Any],
    status: int,
    deliveries: int,
) -> None:
    behave(url, kind, **details)

    assert post().status_code == status
    assert len(ledger(url)["deliveries"]) == deliveries
    assert len(ledger(url)["attempts"]) == 1


def test_what_is_not_json_is_not(url: str, post: Callable[..., httpx.Response]) -> None:
    behave(url, "not_json")

    with pytest.raises(ValueError, match="Expecting value"):
        post().json()


def test_retry_after_in_seconds_and_as_a_date(
    url: str, post: Callable[..., httpx.Response]
) -> None:
    behave(url, "rate_limited", retry_after=90)
    seconds = post().headers["retry-after"]
    behave(url, "rate_limited", retry_after=90, as_date=True)
    date = parsedate_to_datetime(post().headers["retry-after"])

    assert seconds == "90"
    assert 80 < (date - datetime.now(UTC)).total_seconds() <= 90


@pytest.mark.parametrize(
    ("kind", "error", "deliveries"),
    [
        ("hang", httpx.ReadTimeout, 0),
        ("hang_after", httpx.ReadTimeout, 1),
        ("drop_before", httpx.TransportError, 0),
        ("drop_after", httpx.TransportError, 1),
    ],
)
def test_no_answer(
    url: str,
    post: Callable[..., httpx.Response],
    kind: str,
    error: type[Exception],
    deliveries: int,
) -> None:
    behave(url, kind)

    with pytest.raises(error):
        post("m-1:day")

    assert len(ledger(url)["deliveries"]) == deliveries
    assert httpx.get(f"{url}/health").json() == {"status": "ok"}


def test_latency_comes_first(url: str, post: Callable[..., httpx.Response]) -> None:
    behave(url, "ok", latency=0.2)

    assert post().elapsed.total_seconds() >= 0.2


def test_a_repeated_key_gets_the_first_answer(
    url: str, post: Callable[..., httpx.Response]
) -> None:
    script(url, rules=[{"monitor": "m-1", "behaviour": {"kind": "drop_after"}, "times": 1}])
    with pytest.raises(httpx.TransportError):
        post("m-1:day")

    repeat, other = post("m-1:day"), post("m-2:day")

    assert repeat.headers["idempotent-replayed"] == "true"
    assert repeat.json()["repo_name"] == "acme/api"
    assert "idempotent-replayed" not in other.headers
    book = ledger(url)
    assert Counter(d["key"] for d in book["deliveries"]) == {"m-1:day": 1, "m-2:day": 1}
    assert book["repeats"] == 1


def test_a_refused_digest_is_not_remembered(url: str, post: Callable[..., httpx.Response]) -> None:
    script(url, rules=[{"behaviour": {"kind": "error"}, "times": 1}])

    assert [post("m-1:day").status_code for _ in range(2)] == [500, 200]
    assert ledger(url)["repeats"] == 0


def test_keys_can_be_ignored(url: str, post: Callable[..., httpx.Response]) -> None:
    script(url, idempotency=False)

    post("m-1:day")
    post("m-1:day")

    assert len(ledger(url)["deliveries"]) == 2


def test_the_rate_limit_is_real(url: str, post: Callable[..., httpx.Response]) -> None:
    script(url, rate_per_minute=3, window=0.6)

    answers = [post() for _ in range(5)]
    time.sleep(0.7)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert post().status_code == 200
    assert [a["outcome"] for a in ledger(url)["attempts"]].count("over_limit") == 2


def test_rules_fit_by_repo_monitor_ordinal_and_attempt(
    url: str, post: Callable[..., httpx.Response]
) -> None:
    script(
        url,
        rules=[
            {"repo": "acme/broken", "behaviour": {"kind": "error", "status": 400}},
            {"monitor": "m-7", "behaviour": {"kind": "error", "status": 401}},
            {"ordinals": [3], "behaviour": {"kind": "error", "status": 402}},
            {"times": 1, "repo": "acme/flaky", "behaviour": {"kind": "error", "status": 403}},
        ],
    )

    statuses = [
        post(repo="acme/broken").status_code,
        post("m-7:day").status_code,
        post().status_code,
        post(repo="acme/flaky").status_code,
        post(repo="acme/flaky").status_code,
    ]

    assert statuses == [400, 401, 402, 403, 200]


def test_a_probability_is_held_and_drawn_the_same_every_time() -> None:
    rule = Rule(behaviour=Behaviour(kind=Kind.ERROR), probability=0.25)
    attempts = [Attempt(repo="a/b", key=f"m-{n}:day", ordinal=n, number=1) for n in range(2000)]

    first, second = (
        [Script(rules=(rule,), seed=4).behaviour(attempt).kind for attempt in order]
        for order in (attempts, reversed(attempts))
    )

    assert first == second[::-1]
    assert 0.2 < first.count(Kind.ERROR) / len(first) < 0.3


def test_an_unknown_setting_is_refused(url: str) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        script(url, rate_per_hour=3)


def test_it_runs_as_a_program_and_writes_no_webhook_down() -> None:
    port = services.free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "standins.backend", "--port", str(port)],
        env=os.environ | {"STANDIN_RATE_PER_MINUTE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        base = f"http://127.0.0.1:{port}"
        services.until_healthy(f"{base}/health")
        answers = [httpx.post(f"{base}/api/v1/digest", json=BODY) for _ in range(2)]
        book = httpx.get(f"{base}/__ledger").text
        process.terminate()
        output, _ = process.communicate(timeout=20)

    assert [answer.status_code for answer in answers] == [200, 429]
    assert HOOK not in output + book
    assert "acme/api" in book
