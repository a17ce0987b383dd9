"""What the function is told by its environment."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from message_kit.settings import SchedulingSettings

if TYPE_CHECKING:
    from message_kit.outbox import Outbox
    from message_kit.schedules import Schedules
    from message_kit.store import MessageStore


class WebApiSettings(SchedulingSettings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        api_authorization: How the API's callers sign in; tells the page what to ask for.
    """

    api_authorization: Literal["AWS_IAM", "JWT"]


@cache
def outbox(settings: WebApiSettings) -> Outbox:
    """What sends messages, with its connections kept open."""
    return settings.outbox()


def store(settings: WebApiSettings) -> MessageStore:
    """The table of messages."""
    return outbox(settings).store


@cache
def schedules(settings: WebApiSettings) -> Schedules:
    """The schedules."""
    return settings.schedules()
