"""fleet dlq redrive: what failed goes back to where it came from, and nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fleet.dead_letters.redrive import Outcome, Redrive, Wanted
from fleet.errors import ExitCode

from tests.kit.answering import Answering
from tests.kit.dead_letters import PREFIX, Letters, stop_after


def redrive(letters: Letters, functions: Any = None, **wanted: Any) -> Outcome:
    chosen = Wanted(**{"rate": 100.0} | wanted)
    return Redrive(letters.queues, functions, letters.runner, chosen).run(letters.queue)


@pytest.fixture
def letters(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Letters:
    # The local AWS is one server: an answer without messages is the whole truth at once.
    monkeypatch.setattr("fleet.dead_letters.letters._POLL_SECONDS", 0)
    return Letters(aws_endpoint)


def test_messages_go_back_as_they_were(letters: Letters) -> None:
    letters.fail('{"id": "msg_1"}', stage="dev", status="queued")
    outcome = redrive(letters)
    assert dict(outcome.sent) == {PREFIX + letters.names[0]: 1}
    assert outcome.exit_code is ExitCode.DONE
    (message,) = letters.read(letters.source_urls[0])
    assert message["Body"] == '{"id": "msg_1"}'
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes == {"stage": "dev", "status": "queued"}
    assert letters.read(letters.url) == []


def test_the_rate_is_never_passed(letters: Letters) -> None:
    for number in range(25):
        letters.put(f"message {number}")
    outcome = redrive(letters, rate=5.0)
    assert outcome.sent.total() == 25
    assert sum(letters.runner.slept) == pytest.approx(25 / 5.0)
    # Spread out: no burst of more than two seconds' worth.
    assert max(letters.runner.slept) <= 2.0
    assert len(letters.read(letters.source_urls[0])) == 25


def test_each_message_goes_to_the_queue_it_came_from(letters: Letters) -> None:
    letters = Letters(letters.endpoint, sources=2)
    letters.fail("from the first", 0)
    letters.fail("from the second", 1)
    redrive(letters)
    bodies = [[m["Body"] for m in letters.read(url)] for url in letters.source_urls]
    assert bodies == [["from the first"], ["from the second"]]


def test_only_so_many(letters: Letters) -> None:
    for number in range(5):
        letters.put(str(number))
    assert redrive(letters, most=2).sent.total() == 2
    assert len(letters.read(letters.source_urls[0])) == 2
    assert len(letters.read(letters.url)) == 3


def test_only_those_that_are_named(letters: Letters) -> None:
    ids = [letters.put(str(number)) for number in range(23)]
    outcome = redrive(letters, ids=(ids[4], ids[21]))
    assert sorted(outcome.found) == sorted([ids[4], ids[21]])
    assert sorted(m["Body"] for m in letters.read(letters.source_urls[0])) == ["21", "4"]
    # The others can be taken by anybody at once.
    assert len(letters.read(letters.url)) == 21


def test_a_rehearsal_moves_nothing(letters: Letters) -> None:
    letters.put("one")
    outcome = redrive(letters, dry_run=True)
    assert outcome.sent.total() == 1
    assert letters.runner.slept == []
    assert letters.read(letters.source_urls[0]) == []
    assert len(letters.read(letters.url)) == 1


def test_what_fails_again_meanwhile_stays(letters: Letters) -> None:
    for number in range(30):
        letters.put(str(number))
    letters.runner.during = letters.fail_all  # the fix did not work
    assert redrive(letters).sent.total() == 30
    letters.fail_all()
    assert sorted(int(m["Body"]) for m in letters.read(letters.url)) == list(range(30))


def test_a_message_that_the_queue_refuses_stays_and_says_why(letters: Letters) -> None:
    letters.fail("kept")
    letters.sqs.delete_queue(QueueUrl=letters.source_urls[0])
    outcome = redrive(letters)
    assert outcome.exit_code is ExitCode.NEEDS_PERSON
    (why,) = outcome.kept.values()
    assert "NonExistentQueue" in why
    assert [m["Body"] for m in letters.read(letters.url)] == ["kept"]


def test_a_message_that_cannot_be_deleted_is_in_both_places_and_said(letters: Letters) -> None:
    found = letters.put("twice")
    queues = letters.queues

    def refuse(**_: Any) -> Any:
        raise queues.client.exceptions.OverLimit({"Error": {}}, "DeleteMessageBatch")

    queues.client.meta.events.register("before-call.sqs.DeleteMessageBatch", refuse)
    outcome = Redrive(queues, None, letters.runner, Wanted(rate=10)).run(letters.queue)
    assert outcome.twice == [found]
    assert outcome.exit_code is ExitCode.NEEDS_PERSON
    assert [m["Body"] for m in letters.read(letters.source_urls[0])] == ["twice"]
    assert [m["Body"] for m in letters.read(letters.url)] == ["twice"]


def test_stopped_half_way_the_rest_is_where_it_was(letters: Letters) -> None:
    for number in range(25):
        letters.put(str(number))
    stop_after(letters.runner, 2)
    outcome = redrive(letters)
    assert outcome.stopped
    assert outcome.exit_code is ExitCode.NEEDS_PERSON
    gone = {m["Body"] for m in letters.read(letters.source_urls[0])}
    left = {m["Body"] for m in letters.read(letters.url)}
    assert len(gone) == outcome.sent.total() == 20
    assert gone | left == {str(number) for number in range(25)}
    assert not gone & left


def test_large_messages_go_one_by_one(letters: Letters) -> None:
    for number in range(3):
        letters.put(str(number) * 200_000)
    assert redrive(letters).sent.total() == 3
    assert {len(m["Body"]) for m in letters.read(letters.source_urls[0])} == {200_000}


@pytest.fixture(scope="module")
def functions() -> Answering:
    return Answering("lambda")


def failed_event(function: str) -> str:
    """What Lambda puts into a queue after the last try of an asynchronous call."""
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}:live"
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "requestContext": {
                "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
                "functionArn": arn,
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": {"frequency": "daily"},
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": {"errorType": "Timeout", "errorMessage": "Task timed out"},
        }
    )


def test_an_event_that_a_function_failed_on_is_sent_to_it_again(
    letters: Letters, functions: Answering
) -> None:
    functions.reset(lambda *_: {"StatusCode": 202})
    letters.put(failed_event(f"{PREFIX}scheduled-digest"))
    outcome = redrive(letters, functions.client)
    assert dict(outcome.sent) == {f"{PREFIX}scheduled-digest:live": 1}
    ((operation, parameters),) = functions.calls
    assert operation == "Invoke"
    assert parameters["InvocationType"] == "Event"
    assert json.loads(parameters["Payload"]) == {"frequency": "daily"}
    assert letters.read(letters.url) == []


def test_a_schedule_s_input_goes_to_its_function(letters: Letters, functions: Answering) -> None:
    functions.reset(lambda *_: {"StatusCode": 202})
    letters.put(
        '{"frequency": "weekly"}',
        SCHEDULE_ARN="arn:aws:scheduler:us-east-1:000000000000:schedule/digest/weekly",
        TARGET_ARN=f"arn:aws:lambda:us-east-1:000000000000:function:{PREFIX}scheduled-digest:live",
        ERROR_CODE="ResourceNotFoundException",
        IS_PAYLOAD_TRUNCATED="false",
    )
    redrive(letters, functions.client)
    assert json.loads(functions.calls[0][1]["Payload"]) == {"frequency": "weekly"}


def test_a_function_that_does_not_take_an_event_leaves_it_here(
    letters: Letters, functions: Answering
) -> None:
    functions.reset(lambda *_: {"StatusCode": 500})
    letters.put(failed_event(f"{PREFIX}scheduled-digest"))
    outcome = redrive(letters, functions.client)
    assert list(outcome.kept.values()) == ["Lambda answered 500"]
    assert len(letters.read(letters.url)) == 1


def test_nothing_is_sent_out_of_the_environment(letters: Letters, functions: Answering) -> None:
    functions.reset(lambda *_: {"StatusCode": 202})
    letters.put(failed_event("somebody-elses-function"))
    (why,) = redrive(letters, functions.client).kept.values()
    assert "not of this environment" in why
    assert functions.calls == []
