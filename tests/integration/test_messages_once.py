"""One notification for each message: duplicates, deaths, simultaneous processors, lost answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import pytest
from function_kit.aws_errors import AwsError
from message_kit.claims import Claims
from message_kit.message import Message, Status

from tests.kit.lost_answers import losing_answers
from tests.kit.messages import World, notice
from tests.kit.process import until


def record(message: Message, **changes: Any) -> dict[str, Any]:
    """A record of the queue about a message; its handle is good for nothing."""
    return {
        "messageId": f"record-of-{message.id}",
        "receiptHandle": "none",
        "body": message.model_dump_json(),
        "attributes": {"ApproximateReceiveCount": "1"},
    } | changes


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def patient(world: World) -> AbstractContextManager[Callable[..., Any]]:
    """The processor, waiting longer for ntfy than any machine of ours takes."""
    limits = {"NTFY_TIMEOUT": 9, "NTFY_SECONDS": 20, "LEASE_SECONDS": 40}
    return world.function("message_processor", **limits)


def published(world: World) -> tuple[int, int]:
    """What arrived at ntfy, and what people see."""
    ledger = world.ntfy.ledger()
    return ledger["published"], len(ledger["notifications"])


def test_a_record_delivered_again_sends_nothing(messaging: World) -> None:
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        answers = [processor({"Records": [record(message)]}) for _ in range(3)]
    assert [failures(answer) for answer in answers] == [[], [], []]
    assert messaging.ntfy.attempts == 1


def test_ten_records_of_one_message_in_one_batch_send_once(messaging: World) -> None:
    messaging.behave(latency=0.2)
    (message,) = messaging.send(notice("n"))
    batch = [record(message, messageId=f"r{number}") for number in range(10)]
    with messaging.function("message_processor") as processor:
        answer = processor({"Records": batch})
    assert failures(answer) == []
    assert messaging.ntfy.attempts == 1
    assert messaging.message(message.id).status == Status.COMPLETED


def test_two_processors_at_once_send_once(messaging: World) -> None:
    messaging.behave(latency=0.1)
    sent = messaging.send(*(notice(f"n{number}") for number in range(8)))
    with messaging.function("message_processor") as processor, ThreadPoolExecutor() as pool:
        batches = [
            {"Records": [record(m, messageId=f"{m.id}-{n}") for m in sent]} for n in range(4)
        ]
        answers = list(pool.map(processor, batches))
    assert [failures(answer) for answer in answers] == [[]] * 4
    assert messaging.ntfy.attempts == 8
    assert messaging.statuses() == {"completed": 8}


def test_a_record_that_the_queue_delivers_twice_at_a_time_is_kept_until_it_is_done(
    messaging: World,
) -> None:
    """Deleting it would leave nothing to deliver again, should the one at work die."""
    messaging.behave(latency=2)
    (message,) = messaging.send(notice("n"))
    with patient(messaging) as processor, ThreadPoolExecutor() as pool:
        first = pool.submit(processor, {"Records": [record(message)]})
        until(lambda: messaging.message(message.id).status == Status.PROCESSING)
        assert failures(processor({"Records": [record(message)]})) == [record(message)["messageId"]]
        assert failures(first.result()) == []
        assert failures(processor({"Records": [record(message)]})) == []
    assert messaging.ntfy.attempts == 1


@pytest.mark.parametrize("kind", ["hang_after", "drop_after", "error_after", "not_json"])
def test_a_post_that_arrived_without_an_answer_is_not_repeated(messaging: World, kind: str) -> None:
    """ntfy is asked for it by its sequence id before it would be posted again."""
    messaging.behave({"times": 1, "behaviour": {"kind": kind}})
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        assert failures(processor({"Records": [record(message)]})) == []
    assert published(messaging) == (1, 1)
    assert messaging.message(message.id).status == Status.COMPLETED


@pytest.mark.parametrize("kind", ["hang", "drop_before", "error", "rate_limited"])
def test_a_post_that_did_not_arrive_is_repeated(messaging: World, kind: str) -> None:
    messaging.behave({"times": 2, "behaviour": {"kind": kind}})
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        assert failures(processor({"Records": [record(message)]})) == []
    assert messaging.ntfy.attempts == 3
    assert published(messaging) == (1, 1)


def test_where_ntfy_does_not_tell_what_arrived_people_still_see_one_notification(
    messaging: World,
) -> None:
    messaging.behave({"times": 1, "behaviour": {"kind": "hang_after"}}, readable=False)
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        assert failures(processor({"Records": [record(message)]})) == []
    assert published(messaging) == (2, 1)


@pytest.mark.parametrize(("kind", "arrived"), [("hang_after", 1), ("hang", 0)])
def test_a_processor_that_is_killed_at_ntfy_leaves_it_to_the_next(
    messaging: World, kind: str, arrived: int
) -> None:
    messaging.behave({"times": 1, "behaviour": {"kind": kind}})
    (message,) = messaging.send(notice("n"))
    limits = {"NTFY_TIMEOUT": 2, "NTFY_SECONDS": 2, "LEASE_SECONDS": 4}
    with messaging.process("message_processor", **limits) as process:
        process.send({"Records": [record(message)]})
        until(lambda: messaging.ntfy.attempts == 1 and published(messaging)[0] == arrived)
        process.child.kill()
    killed = messaging.message(message.id)
    assert killed.status == Status.PROCESSING
    with messaging.function("message_processor") as processor:
        again = record(message, attributes={"ApproximateReceiveCount": "2"})
        assert failures(processor({"Records": [again]})) == [again["messageId"]]
        until(lambda: failures(processor({"Records": [again]})) == [], seconds=10)
    assert published(messaging) == (1, 1)
    found = messaging.message(message.id)
    assert found.status == Status.COMPLETED
    assert found.timeline[-1].note == ("ntfy had it already" if arrived else "")


def test_work_that_could_not_be_noted_is_not_done_twice(messaging: World) -> None:
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor", LEASE_SECONDS=1, NTFY_SECONDS=0.5) as processor:
        with mock.patch.object(Claims, "complete", side_effect=AwsError("NoAnswer", "failed")):
            assert failures(processor({"Records": [record(message)]})) != []
        assert messaging.message(message.id).status == Status.PROCESSING
        until(lambda: failures(processor({"Records": [record(message)]})) == [])
    assert published(messaging) == (1, 1)
    assert messaging.message(message.id).status == Status.COMPLETED


def test_a_claim_whose_answer_was_lost_is_one(messaging: World) -> None:
    """It was sent again then, and finds itself."""
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor, losing_answers("UpdateItem") as lost:
        assert failures(processor({"Records": [record(message)]})) == []
    assert lost
    assert published(messaging) == (1, 1)
    assert messaging.message(message.id).status == Status.COMPLETED


def test_a_failure_that_may_have_arrived_is_looked_into_on_the_next_delivery(
    messaging: World,
) -> None:
    messaging.behave({"times": 3, "behaviour": {"kind": "error_after"}}, readable=False)
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        assert failures(processor({"Records": [record(message)]})) != []
        assert "attempted_at" in messaging.item(message)
        messaging.ntfy.script = messaging.ntfy.script.model_copy(update={"readable": True})
        again = record(message, attributes={"ApproximateReceiveCount": "2"})
        assert failures(processor({"Records": [again]})) == []
    assert messaging.ntfy.attempts == 3
    assert published(messaging)[1] == 1
    assert messaging.message(message.id).timeline[-1].note == "ntfy had it already"


def test_one_record_that_breaks_takes_no_other_with_it(messaging: World) -> None:
    good, bad = messaging.send(notice("good"), notice("bad"))
    real = Claims.claim

    def claim(self: Claims, key: Any, lease: Any) -> Any:
        if key.id == bad.id:
            raise KeyError("secret text of a message")
        return real(self, key, lease)

    with (
        mock.patch.object(Claims, "claim", claim),
        messaging.function("message_processor") as processor,
    ):
        answer = processor({"Records": [record(good), record(bad)]})
    assert failures(answer) == [record(bad)["messageId"]]
    assert messaging.message(good.id).status == Status.COMPLETED


def test_a_batch_waits_for_ntfy_together(messaging: World) -> None:
    messaging.behave(latency=0.5)
    sent = messaging.send(*(notice(f"n{number}") for number in range(10)))
    with patient(messaging) as processor, ThreadPoolExecutor() as pool:
        answer = pool.submit(processor, {"Records": [record(m) for m in sent]})
        until(lambda: messaging.ntfy.attempts == 10)
        assert not messaging.ntfy.published
        assert failures(answer.result()) == []
    assert published(messaging) == (10, 10)


@pytest.mark.parametrize(
    ("receives", "settings", "delay"),
    [(1, {"RETRY_SECONDS": 30}, 30), (2, {"RETRY_SECONDS": 30}, 60), (3, {"RETRY_SECONDS": 30}, 0)],
)
def test_a_record_that_failed_is_delivered_again_later_and_later(
    messaging: World, receives: int, settings: dict[str, int], delay: int
) -> None:
    messaging.behave({"behaviour": {"kind": "error", "status": 400}})
    (message,) = messaging.send(notice("n"))
    asked: list[int] = []
    with (
        mock.patch("message_kit.queue.Queue._change", lambda _, __, seconds: asked.append(seconds)),
        messaging.function("message_processor", **settings) as processor,
    ):
        attributes = {"ApproximateReceiveCount": str(receives)}
        processor({"Records": [record(message, attributes=attributes)]})
    assert asked == [delay]


def test_ntfy_s_own_wish_to_wait_is_respected_by_the_queue(messaging: World) -> None:
    messaging.behave({"behaviour": {"kind": "rate_limited", "retry_after": 600}})
    (message,) = messaging.send(notice("n"))
    asked: list[int] = []
    with (
        mock.patch("message_kit.queue.Queue._change", lambda _, __, seconds: asked.append(seconds)),
        messaging.function("message_processor") as processor,
    ):
        processor({"Records": [record(message)]})
    assert asked == [600]
    assert messaging.ntfy.attempts == 1


def test_ntfy_s_wish_to_wait_a_little_is_waited_for(messaging: World) -> None:
    messaging.behave({"times": 1, "behaviour": {"kind": "rate_limited", "retry_after": 1}})
    (message,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        began = time.monotonic()
        assert failures(processor({"Records": [record(message)]})) == []
    assert time.monotonic() - began >= 1


def test_all_tries_together_end_in_time(messaging: World) -> None:
    messaging.behave({"behaviour": {"kind": "hang"}})
    (message,) = messaging.send(notice("n"))
    limits = {"NTFY_SECONDS": 1, "NTFY_TIMEOUT": 0.6, "LEASE_SECONDS": 2}
    with messaging.function("message_processor", **limits) as processor:
        began = time.monotonic()
        assert failures(processor({"Records": [record(message)]})) != []
    assert time.monotonic() - began < 2
    assert messaging.message(message.id).status == Status.QUEUED


def test_ids_of_records_are_what_lambda_is_told(messaging: World) -> None:
    messaging.behave({"containing": "bad", "behaviour": {"kind": "error", "status": 400}})
    texts = ["good", "bad", "good", "bad"]
    sent = messaging.send(*(notice(f"{text} {n}") for n, text in enumerate(texts)))
    batch = [record(m, messageId=f"r{n}") for n, m in enumerate(sent)]
    with messaging.function("message_processor") as processor:
        assert failures(processor({"Records": batch})) == ["r1", "r3"]
