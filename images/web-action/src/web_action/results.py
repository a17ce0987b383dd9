"""The table of answers: kept for three days, and found by the message that asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from message_kit.message import timestamp
from message_kit.table import Table

from web_action.catalogue import MOST_KEPT

if TYPE_CHECKING:
    from function_kit.signed_api import SignedApi
    from message_kit.message import Message

    from web_action.catalogue import Outcome

KEPT: Final = timedelta(hours=72)


class Results:
    """One table: key `id`, index on `message_id`, time to live `ttl`."""

    def __init__(self, api: SignedApi, table: str) -> None:
        """Take DynamoDB's API and the table's name."""
        self._table = Table(api, table)

    def keep(self, message: Message, outcome: Outcome) -> str:
        """Keep an answer; one of the same try that is there already stays. Returns its id.

        Raises:
            AwsError: The table could not be used.
        """
        now = datetime.now(UTC)
        identity = f"res_{message.id.removeprefix('msg_')}_{message.retry_count}"
        body, complete = cut(outcome.text, MOST_KEPT)
        self._table.put_new(
            {
                "id": identity,
                "message_id": message.id,
                "stage": message.stage,
                "created_date": timestamp(now),
                "url": outcome.url.shown,
                "status": outcome.status,
                "content_type": outcome.content_type,
                "body": body,
                "complete": complete and outcome.complete,
                "ttl": int((now + KEPT).timestamp()),
            }
        )
        return identity

    def check(self) -> None:
        """Raise unless the table can be read.

        Raises:
            AwsError: It cannot.
        """
        self._table.call("GetItem", {"Key": {"id": {"S": "none"}}})


def cut(text: str, most: int) -> tuple[str, bool]:
    """As much of a text as so many bytes hold, and whether that is all."""
    encoded = text.encode()
    if len(encoded) <= most:
        return text, True
    return encoded[:most].decode(errors="ignore"), False
