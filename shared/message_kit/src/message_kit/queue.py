"""The queue's records, and when one that failed is delivered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from function_kit.signed_api import SignedApi

_LONGEST: Final = 43_200  # seconds: SQS's own limit
_BAD_HANDLE: Final = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "InvalidParameter")
log = get_logger()


class Record(NamedTuple):
    """One record of a batch.

    Attributes:
        id: The queue's id of it, the same each time it is delivered.
        handle: Of this delivery.
        receives: How often it was delivered, this time included.
        body: A message as JSON, if all is well.
    """

    id: str
    handle: str
    receives: int
    body: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Record:
        """A record as Lambda gives it."""
        receives = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
        return cls(record["messageId"], record["receiptHandle"], receives, record["body"])


class Queue:
    """One queue."""

    def __init__(self, api: SignedApi, url: str) -> None:
        """Take SQS's API and the queue's URL."""
        self._api = api
        self._url = url

    def delay(self, record: Record, seconds: float) -> None:
        """Have a record that failed delivered again after so many seconds.

        Without this it would be when its visibility timeout is over, and is when this fails.
        """
        try:
            self._change(record.handle, round(seconds))
        except AwsError as error:
            log.warning("retry_not_hastened", record=record.id, reason=error.code)

    def check(self) -> None:
        """Raise unless records could be given back.

        Raises:
            AwsError: They could not.
        """
        try:
            self._change("none", 0)
        except AwsError as error:
            if not error.code.rpartition(".")[2].startswith(_BAD_HANDLE):
                raise

    def _change(self, handle: str, seconds: int) -> None:
        wanted = {"QueueUrl": self._url, "ReceiptHandle": handle}
        seconds = min(max(seconds, 0), _LONGEST)
        self._api.call_json("ChangeMessageVisibility", wanted | {"VisibilityTimeout": seconds})
