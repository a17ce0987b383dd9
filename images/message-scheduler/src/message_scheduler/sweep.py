"""What nobody else would notice: messages that were left behind half way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypedDict

from function_kit.logging import get_logger

if TYPE_CHECKING:
    from function_kit.deadline import Deadline
    from message_kit.claims import Claims
    from message_kit.outbox import Outbox

CUT_OFF: Final = (
    "what worked on it was cut off, and the queue has not delivered it again: it is in the"
    " dead letter queue, or its time there was over"
)
log = get_logger()


class Swept(TypedDict):
    """How many messages there were."""

    published: int
    given_up: int


def sweep(outbox: Outbox, claims: Claims, abandoned_after: float, deadline: Deadline) -> Swept:
    """Publish and give up.

    Args:
        outbox: Publishes what was stored and not published.
        claims: Knows what is worked on.
        abandoned_after: Seconds after a lease within which a queue delivers again.
        deadline: What is left then, the next sweep does.

    Raises:
        AwsError: The table or the topic could not be used.
    """
    published = outbox.sweep(deadline)
    given_up = 0
    before = time.time() - abandoned_after
    for key in claims.abandoned(before):
        if deadline.expired:
            break
        if claims.give_up(key, before, CUT_OFF):
            log.warning("message_given_up", message_id=key.id)
            given_up += 1
    return Swept(published=published, given_up=given_up)
