from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from function_kit.deadline import Deadline
from function_kit.http import RetryPolicy
from scheduled_digest.delivery import Backend, Delivery, Outcome
from scheduled_digest.models import Monitor
from scheduled_digest.pace import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL = "https://backend.example/api/v1/digest"
MONITOR = Monitor(
    id=UUID(int=7),
    repo="acme/api",
    delivery_method="discord",
    webhook_url="https://discord.com/api/webhooks/1/x",
    frequency="weekly",
)
DAY = date(2026, 3, 2)
EAGER = RetryPolicy(attempts=4, base=0.0, cap=0.0, idempotent=True)


class Turns:
    """A pace that lets a number of calls through."""

    def __init__(self, count: int = 100) -> None:
        self.left = count
        self.holds: list[float] = []

    def wait(self, _deadline: Deadline) -> None:
        if not self.left:
            raise OutOfTimeError
        self.left -= 1

    def hold(self, seconds: float) -> None:
        self.holds.append(seconds)


class World:
    """Answers in turn, the last one for ever; keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        # A fresh one with a stream that nobody has read, as from a network.
        stream = httpx.ByteStream(b"{}") if answer.is_stream_consumed else answer.stream
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)


def send(
    world: Callable[[httpx.Request], httpx.Response],
    turns: Turns | None = None,
    *,
    policy: RetryPolicy = EAGER,
    attempts: int = 0,
    seconds: float = 30.0,
) -> Delivery:
    with httpx.Client(transport=httpx.MockTransport(world)) as http:
        backend = Backend(http, URL, timeout=1.0, policy=policy)
        pace: Any = turns or Turns()
        return backend.send(MONITOR, DAY, pace, Deadline.after(seconds), attempts=attempts)


def answer(status: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, content=b"{}")


def test_the_call_is_as_the_contract_says() -> None:
    world = World(answer(200))

    delivery = send(world)

    assert delivery == Delivery(Outcome.SENT, 1, "status 200")
    (request,) = world.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["idempotency-key"] == f"{UUID(int=7)}:2026-03-02"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "repo": "acme/api",
        "delivery_method": "discord",
        "webhook_url": "https://discord.com/api/webhooks/1/x",
        "frequency": "weekly",
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206])
def test_any_2xx_is_success(status: int) -> None:
    assert send(World(answer(status))).outcome is Outcome.SENT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 302, 307])
def test_another_answer_is_final(status: int) -> None:
    world = World(answer(status, location="https://elsewhere.example/"))

    assert send(world) == Delivery(Outcome.FAILED, 1, f"status {status}")
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        answer(429),
        answer(500),
        answer(503),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
    ],
)
def test_trouble_that_may_pass_is_tried_again_with_the_same_key(
    trouble: httpx.Response | Exception,
) -> None:
    world = World(trouble, trouble, answer(200))
    turns = Turns()

    assert send(world, turns) == Delivery(Outcome.SENT, 3, "status 200")
    assert len({request.headers["idempotency-key"] for request in world.requests}) == 1
    assert turns.left == 97, "each attempt takes a turn"


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [(answer(500), "status 500"), (httpx.ReadTimeout("slow"), "ReadTimeout")],
)
def test_attempts_are_counted_over_runs(trouble: httpx.Response | Exception, reason: str) -> None:
    fresh, experienced = World(trouble), World(trouble)

    assert send(fresh) == Delivery(Outcome.FAILED, 4, reason)
    assert send(experienced, attempts=3) == Delivery(Outcome.FAILED, 4, reason)
    assert (len(fresh.requests), len(experienced.requests)) == (4, 1)


def test_a_digest_that_had_all_its_attempts_gets_one_more_rather_than_none() -> None:
    assert send(World(answer(200)), attempts=4).outcome is Outcome.SENT


@pytest.mark.parametrize("made", [0, 2])
def test_without_a_turn_it_is_deferred(made: int) -> None:
    world = World(answer(500))

    delivery = send(world, Turns(made))

    assert delivery == Delivery(Outcome.DEFERRED, made, "out of time", out_of_time=True)
    assert len(world.requests) == made


@pytest.mark.parametrize("trouble", [answer(500), httpx.ReadTimeout("slow")])
def test_without_time_for_a_pause_it_is_deferred(trouble: httpx.Response | Exception) -> None:
    delivery = send(World(trouble), seconds=0.0)

    assert (delivery.outcome, delivery.attempts) == (Outcome.DEFERRED, 1)
    assert not delivery.out_of_time


def test_retry_after_holds_everybody() -> None:
    turns = Turns()
    date_ahead = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    send(World(answer(429, retry_after="0"), answer(200)), turns)
    send(World(answer(429, retry_after="90")), turns, seconds=5)
    send(World(answer(503, retry_after=date_ahead)), turns, seconds=5)

    assert turns.holds[:2] == [0.0, 90.0]
    assert 25 < turns.holds[2] <= 30


def test_a_wait_that_does_not_fit_is_deferred() -> None:
    delivery = send(World(answer(429, retry_after="90")), seconds=5)

    assert (delivery.outcome, delivery.attempts) == (Outcome.DEFERRED, 1)


def test_a_wait_beyond_patience_is_a_failure_and_holds_nobody() -> None:
    turns = Turns()

    delivery = send(World(answer(429, retry_after="86400")), turns, seconds=5)

    assert delivery == Delivery(Outcome.FAILED, 1, "status 429")
    assert turns.holds == []


class Body(httpx.SyncByteStream):
    """A body that ends badly, or never."""

    def __init__(self, *, endless: bool) -> None:
        self.endless = endless
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        while self.endless or not self.read:
            self.read += 1
            yield b"x" * 10_000
        raise httpx.ReadError("cut")

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("endless", [True, False])
def test_the_status_decides_whatever_the_body_does(endless: bool) -> None:
    body = Body(endless=endless)

    delivery = send(World(httpx.Response(200, stream=body)))

    assert delivery.outcome is Outcome.SENT
    assert body.closed
    assert body.read < 10


@pytest.mark.parametrize(("status", "works"), [(200, True), (405, True), (404, True), (502, False)])
def test_the_check_sends_no_digest(status: int, works: bool) -> None:
    world = World(answer(status))
    with httpx.Client(transport=httpx.MockTransport(world)) as http:
        backend = Backend(http, URL, timeout=1.0)
        if works:
            backend.check()
        else:
            with pytest.raises(httpx.HTTPError, match="502"):
                backend.check()

    (request,) = world.requests
    assert (request.method, request.content) == ("OPTIONS", b"")


@pytest.mark.parametrize(("timeout", "longest"), [(40.0, 85.0), (1.0, 3.0)])
def test_the_longest_call_is_known(timeout: float, longest: float) -> None:
    with httpx.Client() as http:
        assert Backend(http, URL, timeout=timeout).longest_call == longest
