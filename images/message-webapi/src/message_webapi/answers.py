"""What the API answers, for its documentation. Requests are in `requests`."""

from __future__ import annotations

from typing import Literal

from function_kit.openapi import FieldProblem
from message_kit.message import Message, Stage
from message_kit.schedule import Schedule
from pydantic import BaseModel, ConfigDict, Field


class Answered(BaseModel):
    """What every answer has."""

    request_id: str = Field(description="The invocation's id, which finds its log lines.")


class Failure(Answered):
    """Every answer that is not a success."""

    model_config = ConfigDict(title="MessagesError")

    error: str = Field(description="A sentence for people.")
    status: str = Field(description="The HTTP status, as text.", examples=["404"])
    code: str = Field(description="A stable word for programs.")
    fields: list[FieldProblem] | None = Field(None, description="Each bad field, if any is.")


class Health(Answered):
    """That the function runs."""

    status: Literal["ok"]
    timestamp: str = Field(description="Now, UTC.")
    stage: Stage


class ShownMessage(Message, Answered):
    """A message."""


class MessageList(Answered):
    """A page of messages, without their timelines."""

    messages: list[Message]
    count: int = Field(description="How many are in this page.")
    next_cursor: str | None = Field(
        None, description="What gets the next page, unless this is the last."
    )


class Metrics(Answered):
    """Counts of all messages."""

    total: int
    by_status: dict[str, int]
    by_stage: dict[str, int]
    by_type: dict[str, int]
    as_of: str = Field(description="When they were counted: about a minute ago at most.")
    complete: bool = Field(description="Whether all days of the past are counted yet.")


class HourCount(BaseModel):
    """The messages that were created in one hour."""

    hour: str = Field(description="Its beginning, UTC.")
    total: int
    by_status: dict[str, int] = Field(description="By the status that they are in now.")


class Hourly(Answered):
    """The last 24 hours, oldest first."""

    hours: list[HourCount]
    as_of: str = Field(description="When they were counted.")


class ShownSchedule(Schedule, Answered):
    """A schedule."""


class ScheduleList(Answered):
    """All schedules, by name."""

    schedules: list[Schedule]
    count: int


class Deleted(Answered):
    """What was deleted."""

    name: str
    deleted: Literal[True]
