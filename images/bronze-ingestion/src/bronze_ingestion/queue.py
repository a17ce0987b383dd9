"""The queue by which work goes on later: a delay there costs nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bronze_ingestion.models import Message

if TYPE_CHECKING:
    from function_kit.signed_api import SignedApi

    from bronze_ingestion.models import Replay, Run

LONGEST: Final = 900
"""Seconds that SQS keeps a message back at most."""


class Queue:
    """Sends work to the function itself."""

    def __init__(self, api: SignedApi, url: str) -> None:
        """Take SQS and the queue's URL."""
        self._api = api
        self._url = url

    def send(self, work: Run | Replay, seconds: float) -> None:
        """Let work go on in so many seconds, or a little later.

        Longer than SQS can wait, it comes back earlier, and is sent away again.

        Raises:
            AwsError: SQS refused or could not answer.
        """
        delay = min(LONGEST, math.ceil(seconds))
        body = Message(work=work).model_dump_json(exclude_defaults=False)
        self._api.call_json(
            "SendMessage", {"QueueUrl": self._url, "MessageBody": body, "DelaySeconds": delay}
        )

    def check(self) -> None:
        """See that the queue is there and may be sent to, without sending.

        Raises:
            AwsError: It is not, or SQS could not answer.
        """
        self._api.call_json(
            "GetQueueAttributes", {"QueueUrl": self._url, "AttributeNames": ["QueueArn"]}
        )
