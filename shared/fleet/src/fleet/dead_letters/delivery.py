"""Sending messages to a queue or a function again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleet.dead_letters.letters import Letter
    from fleet.dead_letters.origin import Origin
    from fleet.dead_letters.queues import Queues

# SQS takes 1 MiB in one call, attributes included, and took 256 KiB for years.
_BATCH_BYTES: Final = 200_000
_ACCEPTED: Final = 202


class Delivery:
    """The way to queues and functions.

    Attributes:
        given: The ids that SQS gave what was sent. A message keeps its id when it fails again
            and is moved to the dead letter queue again.
    """

    def __init__(self, queues: Queues, functions: Any) -> None:
        self._queues = queues
        self._functions = functions
        self._urls: dict[str, str] = {}
        self.given: set[str] = set()

    def send(self, target: str, pairs: Sequence[tuple[Letter, Origin]]) -> dict[str, str]:
        """Send messages to a queue or a function; those that it refused, with why."""
        if ":sqs:" not in target:
            answers = {letter.id: self._invoke(target, origin) for letter, origin in pairs}
            return {found: why for found, why in answers.items() if why}
        size = sum(len(origin.payload.encode()) for _, origin in pairs)
        portions = [pairs] if size < _BATCH_BYTES else [[pair] for pair in pairs]
        return {k: v for some in portions for k, v in self._enqueue(target, some).items()}

    def _enqueue(self, target: str, pairs: Sequence[tuple[Letter, Origin]]) -> dict[str, str]:
        ids = [letter.id for letter, _ in pairs]
        entries = [
            {
                "Id": str(number),
                "MessageBody": origin.payload,
                "MessageAttributes": _sendable(letter) if origin.as_is else {},
            }
            for number, (letter, origin) in enumerate(pairs)
        ]
        try:
            if target not in self._urls:
                self._urls[target] = self._queues.url_of(target)
            answer = self._queues.client.send_message_batch(
                QueueUrl=self._urls[target], Entries=entries
            )
        except (BotoCoreError, ClientError) as error:
            return dict.fromkeys(ids, _why(error))
        self.given |= {entry["MessageId"] for entry in answer.get("Successful", [])}
        failed = answer.get("Failed", [])
        return {ids[int(f["Id"])]: f"{f['Code']}: {f.get('Message', '')}" for f in failed}

    def _invoke(self, target: str, origin: Origin) -> str:
        try:
            answer = self._functions.invoke(
                FunctionName=target, InvocationType="Event", Payload=origin.payload.encode()
            )
        except (BotoCoreError, ClientError) as error:
            return _why(error)
        status = answer["StatusCode"]
        return "" if status == _ACCEPTED else f"Lambda answered {status}"


def _sendable(letter: Letter) -> dict[str, Any]:
    """A message's attributes, as SQS wants them back."""
    kinds = ("DataType", "StringValue", "BinaryValue")
    return {
        name: {kind: value[kind] for kind in kinds if value.get(kind) is not None}
        for name, value in letter.attributes.items()
    }


def _why(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{told.get('Code', 'unknown')}: {told.get('Message', '')}"
    return f"{type(error).__name__}: no answer, so it may have gone all the same"
