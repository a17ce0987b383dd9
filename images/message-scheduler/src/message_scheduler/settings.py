"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from message_kit.settings import MessagingSettings
from pydantic import Field

NAME: Final = "message-scheduler"


class SchedulerSettings(MessagingSettings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        abandoned_after_seconds: After a lease, how long a queue may take to deliver its message
            again: longer than the queue's visibility timeout.
    """

    abandoned_after_seconds: Annotated[int, Field(ge=60)] = 2100
