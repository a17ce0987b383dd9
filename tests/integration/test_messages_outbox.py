"""A message is stored and sent, or neither: whoever dies in between, and whatever is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from function_kit.aws_errors import AwsError
from function_kit.deadline import Deadline
from message_kit.message import Status, timestamp
from message_kit.store import ConflictError, MessageStore, NotFoundError
from message_kit.table import Table
from message_kit.topic import Topic

from tests.kit.lost_answers import losing_answers
from tests.kit.messages import STAGE, World, notice
from tests.kit.process import until

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)


class Died(BaseException):
    """The process is gone: nothing catches it."""


DEATHS = {
    "before it is stored": (Table, "put_new"),
    "before it is published": (Topic, "publish"),
    "before that is noted": (MessageStore, "queued"),
}


@pytest.mark.parametrize(("owner", "name"), DEATHS.values(), ids=DEATHS.keys())
@pytest.mark.parametrize("before", [True, False], ids=["before the call", "after the call"])
def test_who_dies_while_sending_leaves_all_or_nothing(
    messaging: World, owner: type, name: str, before: bool
) -> None:
    """At each step, before it and after: what is stored is published in the end."""
    real = getattr(owner, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        if not before:
            real(*arguments, **options)
        raise Died

    message = notice("n").message(STAGE, NOW)
    with (
        messaging.outbox(lambda: NOW) as outbox,
        mock.patch.object(owner, name, dying),
        pytest.raises(Died),
    ):
        outbox.send(message)
    stored = sum(messaging.statuses().values())
    with messaging.outbox(lambda: LATER) as outbox:
        outbox.sweep(Deadline.after(10))
    assert stored == (0 if before and name == "put_new" else 1)
    assert messaging.statuses() == ({"queued": 1} if stored else {})
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert len(messaging.ntfy.ledger()["notifications"]) == messaging.ntfy.attempts == stored


def test_a_topic_that_is_down_leaves_messages_to_the_sweep(messaging: World) -> None:
    message = notice("n").message(STAGE, NOW)
    with messaging.outbox(lambda: NOW) as outbox:
        with mock.patch.object(Topic, "_send", side_effect=AwsError("503", "down")):
            assert outbox.send(message)
        assert messaging.message(message.id).status == Status.CREATED
        assert outbox.sweep(Deadline.after(10)) == 0, "its sender may still be at it"
    with messaging.outbox(lambda: LATER) as outbox:
        assert outbox.sweep(Deadline.after(10)) == 1
        assert outbox.sweep(Deadline.after(10)) == 0
    assert messaging.message(message.id).status == Status.QUEUED
    assert messaging.waiting() == 1


def test_a_sweep_ends_in_time_and_the_next_goes_on(messaging: World) -> None:
    with messaging.outbox(lambda: NOW) as outbox:
        for number in range(5):
            outbox.store.create(notice("n").message(STAGE, NOW + timedelta(seconds=number)))
    with messaging.outbox(lambda: LATER) as outbox:
        assert outbox.sweep(Deadline.after(-1)) == 0
        assert outbox.sweep(Deadline.after(10)) == 5
    assert messaging.statuses() == {"queued": 5}


def test_sending_the_same_message_twice_stores_and_publishes_it_once(messaging: World) -> None:
    message = notice("n").message(STAGE, NOW)
    with messaging.outbox() as outbox:
        assert [outbox.send(message), outbox.send(message)] == [True, False]
    assert messaging.waiting() == 1


def test_a_message_that_overtakes_its_sender_stays_where_it_is(messaging: World) -> None:
    """The processor is done before the sender has noted that it published."""
    message = notice("n").message(STAGE, datetime.now(UTC))
    with (
        messaging.outbox() as outbox,
        messaging.function("message_processor") as processor,
        mock.patch.object(MessageStore, "queued", side_effect=AwsError("NoAnswer", "late")),
    ):
        outbox.send(message)
        messaging.mapping(processor).drain()
    with messaging.outbox() as outbox:
        outbox.store.queued(message.key)
    assert messaging.message(message.id).status == Status.COMPLETED


def failed(world: World) -> str:
    world.behave({"behaviour": {"kind": "error", "status": 400}})
    (message,) = world.send(notice("n"))
    with world.function("message_processor") as processor:
        world.mapping(processor).drain()
    world.behave()
    return message.id


def test_a_failed_message_is_sent_again_when_somebody_asks(messaging: World) -> None:
    identity = failed(messaging)
    with messaging.outbox() as outbox:
        message = outbox.retry(identity, "asked for by a test")
        assert (message.status, message.error_message) == (Status.CREATED, None)
        with pytest.raises(ConflictError, match="queued"):
            outbox.retry(identity)
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
        found = messaging.message(identity)
    assert (found.status, found.retry_count) == (Status.COMPLETED, 3)
    assert [m.note for m in found.timeline if m.status is Status.CREATED] == [
        "",
        "asked for by a test",
    ]
    with messaging.outbox() as outbox, pytest.raises(ConflictError, match="completed"):
        outbox.retry(identity)


def test_one_whose_request_got_no_answer_is_sent_again_all_the_same(messaging: World) -> None:
    """The request is repeated, and finds that it was done: nobody else has asked."""
    identity = failed(messaging)
    with messaging.outbox() as outbox:
        with losing_answers("UpdateItem") as lost:
            message = outbox.retry(identity, "asked for by a test")
        assert lost
        assert message.status == Status.CREATED
        assert messaging.message(identity).status == Status.QUEUED
        with pytest.raises(ConflictError, match="queued"):
            outbox.retry(identity, "asked for by a test")
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert messaging.message(identity).status == Status.COMPLETED


def test_nobody_sends_again_what_is_not_there(messaging: World) -> None:
    with messaging.outbox() as outbox, pytest.raises(NotFoundError):
        outbox.retry("msg_20260101000000_nobody12")


def test_one_sent_again_is_swept_although_it_is_old(messaging: World) -> None:
    identity = failed(messaging)
    with messaging.outbox() as outbox:
        with mock.patch.object(Topic, "publish", side_effect=AwsError("503", "down")):
            outbox.retry(identity)
        assert outbox.sweep(Deadline.after(10)) == 0
    with messaging.outbox(lambda: datetime.now(UTC) + timedelta(minutes=2)) as outbox:
        assert outbox.sweep(Deadline.after(10)) == 1


def test_a_cut_off_message_is_given_up_by_the_sweep_when_no_delivery_comes(
    messaging: World,
) -> None:
    """Its last delivery was cut off too: it is a dead letter, and nobody has noted why."""
    messaging.behave({"behaviour": {"kind": "hang"}})
    (message,) = messaging.send(notice("n"))
    limits = {"NTFY_TIMEOUT": 1, "NTFY_SECONDS": 1, "LEASE_SECONDS": 2}
    record = {
        "messageId": "r",
        "receiptHandle": "none",
        "body": message.model_dump_json(),
        "attributes": {"ApproximateReceiveCount": "3"},
    }
    with messaging.process("message_processor", **limits) as process:
        process.send({"Records": [record]})
        until(lambda: messaging.ntfy.attempts == 1)
        process.child.kill()
    assert messaging.message(message.id).status == Status.PROCESSING
    with messaging.function("message_scheduler", ABANDONED_AFTER_SECONDS=60) as scheduler:
        assert scheduler({"sweep": True}) == {"published": 0, "given_up": 0}
        with mock.patch("message_scheduler.sweep.time.time", return_value=4e9):
            assert scheduler({"sweep": True}) == {"published": 0, "given_up": 1}
    found = messaging.message(message.id)
    assert found.status == Status.FAILED
    assert "dead letter queue" in (found.error_message or "")


def test_an_item_that_another_release_wrote_hides_no_other(
    messaging: World, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = notice("n").message(STAGE, NOW).model_dump(mode="json", exclude_none=True)
    with messaging.outbox(lambda: NOW) as outbox:
        outbox.store._table.put_new(odd | {"message_type": "of_the_future"})
        outbox.store.create(notice("n").message(STAGE, NOW + timedelta(seconds=1)))
    with messaging.function("message_processor"), messaging.outbox(lambda: LATER) as outbox:
        assert outbox.sweep(Deadline.after(10)) == 1
    assert "message_unreadable" in capsys.readouterr().out


def test_a_message_too_big_to_be_published_is_refused_before_it_is_stored() -> None:
    draft = notice("x" * 199_000)
    assert draft.message(STAGE, NOW).created_date == timestamp(NOW)
    with pytest.raises(ValueError, match="at most 200000 bytes"):
        notice("x" * 200_000).message(STAGE, NOW)
