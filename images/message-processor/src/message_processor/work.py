"""What is done with a message: a notification, or something about a schedule.

What is guaranteed, and what cannot be, is in this image's README.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from function_kit.aws_errors import AwsError
from function_kit.deadline import Deadline
from function_kit.secrets import SecretError
from message_kit.message import MessageType
from message_kit.work import TryFailedError

from message_processor.notification import NotANotificationError, notification
from message_processor.ntfy import NotSentError
from message_processor.orders import OrderError, carry_out

if TYPE_CHECKING:
    from message_kit.claims import Claimed
    from message_kit.outbox import Outbox
    from message_kit.schedules import Schedules
    from message_kit.work import Invocation

    from message_processor.ntfy import Ntfy


@dataclass(frozen=True, slots=True)
class Doing:
    """What does it.

    Attributes:
        outbox: Sends messages.
        schedules: Those made at run time.
        ntfy: Where notifications go.
        ntfy_seconds: For all tries of one notification together.
    """

    outbox: Outbox
    schedules: Schedules
    ntfy: Ntfy
    ntfy_seconds: float

    def do(self, claimed: Claimed, invocation: Invocation) -> str:
        """Do what a message asks for; returns a note for people.

        Raises:
            TryFailedError: That failed.
        """
        try:
            match claimed.message.message_type:
                case MessageType.SCHEDULE_CREATION:
                    return self._order(claimed)
                case MessageType.WEB_ACTION:
                    raise TryFailedError("a web action came to the queue of notifications")
                case _:
                    return self._notify(claimed, invocation)
        except (NotANotificationError, OrderError, SecretError) as error:
            # Of an earlier try nothing more is known than before.
            settled = claimed.unsettled_since is None
            raise TryFailedError(str(error), settled=settled) from None

    def _notify(self, claimed: Claimed, invocation: Invocation) -> str:
        it, message_id = notification(claimed.message), claimed.message.id
        deadline = Deadline.after(min(self.ntfy_seconds, invocation.ends_at - time.time()))
        try:
            return self.ntfy.send(it, message_id, deadline, claimed.unsettled_since)
        except NotSentError as error:
            raise TryFailedError(
                str(error), settled=error.settled, retry_after=error.retry_after
            ) from None

    def _order(self, claimed: Claimed) -> str:
        again = claimed.unsettled_since is not None
        try:
            return carry_out(claimed.message, self.schedules, self.outbox, again=again)
        except AwsError as error:
            # Repeated, an order does nothing more: whether it was carried out does not matter.
            raise TryFailedError(f"Scheduler: {error}", settled=False) from None
