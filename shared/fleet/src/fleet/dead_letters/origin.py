"""Where a message of a dead letter queue came from, why it is there, and the way back.

Each kind of sender leaves messages of its own. A queue passes them on as they are. EventBridge and
Scheduler add attributes (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html). Lambda wraps
an event that it could not be rid of, and of a stream keeps only the position
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleet.dead_letters.queues import name_of

if TYPE_CHECKING:
    from fleet.dead_letters.letters import Letter
    from fleet.dead_letters.queues import DeadLetterQueue

_STREAMS: Final = ("DDBStreamBatchInfo", "KinesisBatchInfo")


@dataclass(frozen=True)
class Origin:
    """Where one message came from.

    Attributes:
        source: A queue, function, schedule or rule, for people.
        target: The ARN of the queue or function to send it back to; None if there is none.
        payload: What to send there.
        reason: Why it is here; empty when the message does not tell.
        obstacle: Why it cannot be sent back; empty when it can.
        as_is: Whether the message itself goes back, with its attributes, and not what it wraps.
    """

    source: str
    target: str | None
    payload: str
    reason: str = ""
    obstacle: str = ""
    as_is: bool = True


def origin_of(letter: Letter, queue: DeadLetterQueue) -> Origin:
    """Where a message of a queue came from."""
    if letter.source_arn:
        return _from_queue(letter.source_arn, letter)
    if letter.text("TARGET_ARN"):
        return _from_events(letter)
    record = _record(letter.body)
    if record is not None:
        return _from_lambda(record)
    if len(queue.source_arns) == 1:
        return _from_queue(queue.source_arns[0], letter)
    return Origin(
        source="-",
        target=None,
        payload=letter.body,
        reason=letter.text("ErrorMessage"),
        obstacle="neither the message nor the queue tells where it came from: give --to",
    )


def _from_queue(arn: str, letter: Letter) -> Origin:
    return Origin(source=name_of(arn), target=arn, payload=letter.body)


def _from_events(letter: Letter) -> Origin:
    """From Scheduler, or from one of EventBridge's rules."""
    sender = letter.text("SCHEDULE_ARN") or letter.text("RULE_ARN")
    told = (letter.text("ERROR_CODE"), letter.text("ERROR_MESSAGE"))
    target = letter.text("TARGET_ARN")
    obstacle = ""
    if letter.text("IS_PAYLOAD_TRUNCATED") == "true":
        obstacle = "Scheduler has cut its payload"
    elif not any(f":{service}:" in target for service in ("lambda", "sqs")):
        obstacle = f"its target is neither a function nor a queue: {target}"
    return Origin(
        source=name_of(sender) or "-",
        target=target,
        payload=letter.body,
        reason=": ".join(filter(None, told)),
        obstacle=obstacle,
        as_is=False,
    )


def _from_lambda(record: dict[str, Any]) -> Origin:
    """An event that a function was not able to deal with, as Lambda wraps it."""
    context = record["requestContext"]
    answer = record.get("responsePayload")
    error = answer if isinstance(answer, dict) else {}
    told = (context.get("condition"), error.get("errorType"), error.get("errorMessage"))
    lost = any(name in record for name in _STREAMS)
    return Origin(
        source=_function(context["functionArn"]),
        target=context["functionArn"],
        payload=json.dumps(record.get("requestPayload")),
        reason=": ".join(str(word) for word in told if word),
        obstacle="it names a position in a stream, and holds no event" if lost else "",
        as_is=False,
    )


def _record(body: str) -> dict[str, Any] | None:
    """Lambda's wrapping of an event or of a stream's position, if the body is one."""
    try:
        record = json.loads(body)
        known = "requestPayload" in record or any(name in record for name in _STREAMS)
        found: dict[str, Any] | None = record if known else None
        if found is not None:
            str(found["requestContext"]["functionArn"])
    except (ValueError, TypeError, KeyError):
        return None
    return found


def _function(arn: str) -> str:
    """`name:alias` of a function's ARN."""
    return arn.partition(":function:")[2] or arn
