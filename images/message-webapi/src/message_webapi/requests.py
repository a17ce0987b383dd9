"""What callers may ask for."""

from __future__ import annotations

from typing import Annotated, Final

from message_kit.message import Draft, Stage, Status
from message_kit.schedule import Name
from pydantic import BaseModel, ConfigDict, Field

PAGE: Final = 100
LONGEST_PAGE: Final = 1000


class ListQuery(BaseModel):
    """Which messages to list.

    Attributes:
        stage: Only those of this deployment. A table holds one stage's, so another is empty.
        status: Only those that are in it.
        limit: How many a page has at most. A page also ends at 1 MB of data.
        cursor: `next_cursor` of the page before.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: Stage | None = Field(None, description="Only messages of this stage.")
    status: Status | None = Field(None, description="Only messages that are in this status.")
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = Field(
        PAGE, description="How many messages a page has at most; a page also ends at 1 MB."
    )
    cursor: str | None = Field(
        None, description="`next_cursor` of the page before, with the same filters."
    )


class MessagePath(BaseModel):
    """The message that a path names."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(
        description="The message's id.", examples=["msg_20260101120000_0123456789abcdef"]
    )


class SchedulePath(BaseModel):
    """The schedule that a path names."""

    model_config = ConfigDict(frozen=True)

    name: Name = Field(description="The schedule's name.")


class NewMessage(Draft):
    """A message to send. Its id, dates and status are the server's to set.

    Attributes:
        stage: The deployment that the caller means; any other than this one is refused.
    """

    stage: Stage | None = Field(
        None, description="This deployment's stage, or nothing. Another one is refused."
    )
