"""Emptying a dead letter queue, into a file.

PurgeQueue deletes whatever arrives while it works, and tells nobody what it was. Here a message is
deleted when it is in the file, and only then.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleet.dead_letters.letters import opened
from fleet.release.runner import Cancelled

if TYPE_CHECKING:
    from pathlib import Path

    from fleet.dead_letters.letters import Letter
    from fleet.dead_letters.queues import DeadLetterQueue
    from fleet.release.runner import Runner


@dataclass
class Purged:
    """What was deleted.

    Attributes:
        count: How many messages.
        file: Where they are now, one JSON object a line.
        undeleted: Messages that are in the file and in the queue.
        stopped: Whether the operator stopped it.
    """

    file: Path
    count: int
    undeleted: list[str]
    stopped: bool = False


def purge(sqs: Any, queue: DeadLetterQueue, file: Path, runner: Runner) -> Purged:
    """Move every message of a queue into a new file, which only its owner may read.

    Raises:
        FileExistsError: The file is there already.
    """
    purged = Purged(file, 0, [])
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out, opened(sqs, queue) as box:
        try:
            while letters := box.take():
                out.writelines(json.dumps(_record(queue, letter)) + "\n" for letter in letters)
                out.flush()
                os.fsync(out.fileno())
                failed = box.delete(letters)
                purged.count += len(letters) - len(failed)
                purged.undeleted += failed
                runner.check()
        except Cancelled:
            purged.stopped = True
    return purged


def _record(queue: DeadLetterQueue, letter: Letter) -> dict[str, Any]:
    """The whole message, secrets and all: with it, it can be sent again."""
    return {
        "queue": queue.name,
        "id": letter.id,
        "source": letter.source_arn or ",".join(queue.source_arns) or None,
        "sent_at": letter.sent_at,
        "received": letter.received,
        "attributes": {
            name: {"DataType": value["DataType"], "Value": _value(value)}
            for name, value in letter.attributes.items()
        },
        "body": letter.body,
    }


def _value(attribute: Any) -> str:
    if "StringValue" in attribute:
        return str(attribute["StringValue"])
    return base64.b64encode(attribute.get("BinaryValue", b"")).decode()
