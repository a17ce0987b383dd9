"""Messages through the processor: what arrives at ntfy, and what is noted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from message_kit.message import Draft, MessageType, Status

from tests.kit.messages import World, notice


def complaints(log: str, record_id: str) -> list[str]:
    """The reasons of a log's warnings that name a record."""
    lines = [json.loads(line) for line in log.splitlines() if record_id in line]
    return [line["reason"] for line in lines if line["level"] == "warning"]


def notified(world: World) -> list[str]:
    return sorted(item["message"] for item in world.ntfy.ledger()["notifications"])


def test_every_message_of_a_batch_becomes_a_notification(messaging: World) -> None:
    made = messaging.send(*(notice(f"n{number:02}") for number in range(12)))
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert notified(messaging) == [f"n{number:02}" for number in range(12)]
    assert messaging.ntfy.attempts == 12
    assert {messaging.message(m.id).status for m in made} == {Status.COMPLETED}


def test_a_message_s_way_is_told_by_its_timeline(messaging: World) -> None:
    (sent,) = messaging.send(notice("n"))
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    found = messaging.message(sent.id)
    assert [moment.status for moment in found.timeline] == [
        Status.CREATED,
        Status.QUEUED,
        Status.PROCESSING,
        Status.COMPLETED,
    ]
    assert found.updated_date == found.timeline[-1].at > found.created_date
    assert found.retry_count == 0
    left = {"lease_until", "lease_owner", "lease_delivery", "attempted_at", "error_message"}
    assert not left & set(messaging.item(sent))


def test_title_priority_tags_and_link_arrive_in_any_language(messaging: World) -> None:
    messaging.send(
        notice(
            "Grüße: 日本語 🚀\nzweite Zeile",
            title="Störung — 日本語のとても長いタイトルです。まだまだ続きますよ、ほんとうに 🚀",
            priority="urgent",
            tags=["warning", "überall"],
            click="https://example.com/a?b=1",
        )
    )
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    (shown,) = messaging.ntfy.ledger()["notifications"]
    assert shown["message"] == "Grüße: 日本語 🚀\nzweite Zeile"
    assert shown["title"].startswith("Störung — 日本語")
    assert shown["title"].endswith("ほんとうに 🚀")
    assert shown["priority"] == 5
    assert shown["tags"] == ["warning", "überall"]
    assert shown["click"] == "https://example.com/a?b=1"


@pytest.mark.parametrize("kind", ["hello_world", "agent_response", "scheduled"])
def test_every_type_for_people_goes_to_ntfy(messaging: World, kind: str) -> None:
    payload = {} if kind == "hello_world" else {"message": "text"}
    messaging.send(Draft(message_type=MessageType(kind), payload=payload))
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert notified(messaging) == ["Hello, world!" if kind == "hello_world" else "text"]


def test_web_actions_go_to_a_queue_of_their_own(messaging: World) -> None:
    messaging.send(Draft(message_type=MessageType.WEB_ACTION, arguments={"action": "http"}))
    assert messaging.waiting() == 0
    assert messaging.waiting(messaging.action_queue) == 1


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"kind": "error", "status": 400}, "ntfy answered 400"),
        ({"kind": "error", "status": 503}, "ntfy answered 503"),
        ({"kind": "rate_limited"}, "ntfy answered 429"),
        ({"kind": "redirect"}, "ntfy answered 307"),
        ({"kind": "drop_before"}, "ntfy: the connection failed: RemoteProtocolError"),
    ],
)
def test_what_cannot_be_sent_is_a_dead_letter_after_three_tries_with_its_reason(
    messaging: World,
    behaviour: dict[str, Any],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    messaging.behave({"containing": "poison", "behaviour": behaviour})
    bad, good = messaging.send(notice("poison"), notice("good"))
    with messaging.function("message_processor") as processor:
        mapping = messaging.mapping(processor)
        mapping.drain()
    tries = [r for records, _ in mapping.batches for r in records if bad.id in r["body"]]
    receives = [record["attributes"]["ApproximateReceiveCount"] for record in tries]
    assert receives == ["1", "2", "3"]
    # By the record's id: so `fleet dlq show` finds it.
    told = complaints(capsys.readouterr().out, tries[0]["messageId"])
    assert told == [reason] * 3
    assert messaging.waiting(messaging.dead_letters) == 1
    found = messaging.message(bad.id)
    assert (found.status, found.error_message, found.retry_count) == (Status.FAILED, reason, 2)
    assert found.timeline[-1].note == reason
    assert messaging.message(good.id).status == Status.COMPLETED
    assert notified(messaging) == ["good"]
    assert messaging.ntfy.strays == 0


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "payload.message must be text that is not empty"),
        ({"message": " "}, "payload.message must be text that is not empty"),
        ({"message": 1}, "payload.message must be text that is not empty"),
        ({"message": "n", "title": 1}, "payload.title must be text"),
        ({"message": "n", "priority": 6}, "payload.priority must be 1 to 5, or"),
        ({"message": "n", "tags": {"a": 1}}, "payload.tags must be a list of texts"),
        ({"message": "n", "click": "javascript:alert(1)"}, "payload.click must begin with"),
    ],
)
def test_a_payload_that_is_no_notification_fails_and_says_why(
    messaging: World, payload: dict[str, Any], reason: str
) -> None:
    (bad,) = messaging.send(Draft(message_type=MessageType.NOTIFY, payload=payload))
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    found = messaging.message(bad.id)
    assert found.status == Status.FAILED
    assert (found.error_message or "").startswith(reason)
    assert messaging.ntfy.attempts == 0


@pytest.mark.parametrize(
    "body", ["{not json", "[]", "{}", '{"id": 1, "created_date": "x"}', '{"id": "msg_x"}']
)
def test_a_record_that_names_no_message_is_a_dead_letter_and_nothing_of_it_is_logged(
    messaging: World, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    messaging.client("sqs").send_message(QueueUrl=messaging.queue, MessageBody=body + " secret")
    messaging.client("sqs").send_message(QueueUrl=messaging.queue, MessageBody=body)
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert messaging.waiting(messaging.dead_letters) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("the body is not a message" in line.get("reason", "") for line in lines)
    assert "secret" not in json.dumps(lines)


def test_a_message_that_is_not_stored_is_a_dead_letter(
    messaging: World, capsys: pytest.CaptureFixture[str]
) -> None:
    body = notice("n").message("dev", datetime.now(UTC))
    sent = messaging.client("sqs").send_message(
        QueueUrl=messaging.queue, MessageBody=body.model_dump_json()
    )
    with messaging.function("message_processor") as processor:
        messaging.mapping(processor).drain()
    assert messaging.waiting(messaging.dead_letters) == 1
    assert messaging.ntfy.attempts == 0
    told = complaints(capsys.readouterr().out, sent["MessageId"])
    assert told == ["no such message is stored"] * 3
