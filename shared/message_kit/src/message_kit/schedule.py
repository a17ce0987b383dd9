"""A schedule that makes messages, and what may be asked for about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from message_kit import expressions
from message_kit.message import MAX_BYTES, Draft, MessageType

if TYPE_CHECKING:
    from datetime import datetime

type Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
type State = Literal["ENABLED", "DISABLED"]


class RefusedScheduleError(ValueError):
    """Scheduler would not take a schedule, has not taken it, or its message could not be sent.

    Attributes:
        field: What of the schedule is wrong; `body` when nobody says.
    """

    def __init__(self, field: str, reason: str) -> None:
        """Say what and why."""
        super().__init__(reason)
        self.field = field


class Schedule(BaseModel):
    """A schedule, as it is asked for and as it is shown.

    Attributes:
        name: Within the group.
        expression: `rate(…)`, `cron(…)` or `at(…)`; one of the last is gone once it was due.
        timezone: Of `cron` and `at`.
        message: What it makes each time.
        state: DISABLED while it is paused.
        description: For people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    expression: Annotated[str, Field(min_length=1, max_length=256)]
    timezone: Annotated[str, Field(min_length=1, max_length=50)] = "UTC"
    message: Draft
    state: State = "ENABLED"
    description: Annotated[str, Field(max_length=512)] = ""

    @field_validator("message")
    @classmethod
    def _no_chains(cls, message: Draft) -> Draft:
        if message.message_type is MessageType.SCHEDULE_CREATION:
            raise ValueError("a schedule does not make schedules")
        return message

    @model_validator(mode="after")
    def _known_zone(self) -> Schedule:
        expressions.zone(self.timezone)
        return self

    def check(self, now: datetime) -> None:
        """Raise unless Scheduler would take it, and its message can be sent.

        Raises:
            RefusedScheduleError: It would not or cannot, or it is over; the message says why.
        """
        made = drafted(self.name, self.message)
        if max(made.size, self.message.size) > MAX_BYTES:
            raise RefusedScheduleError("message", f"a message has at most {MAX_BYTES} bytes")
        try:
            expressions.check(self.expression, self.timezone, now)
        except ValueError as error:
            raise RefusedScheduleError("expression", str(error)) from None


def drafted(name: str, message: Draft) -> Draft:
    """What is sent when the schedule of a name is due."""
    return message.model_copy(update={"created_by": f"schedule:{name}"})


class Order(BaseModel):
    """What is to be done about a schedule: the payload of a message `schedule_creation`.

    Attributes:
        action: What.
        name: With which schedule.
        schedule: For `create`, the rest of it.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    action: Literal["create", "pause", "resume", "delete", "run"] = "create"
    name: Name

    def schedule(self) -> Schedule:
        """The schedule to create.

        Raises:
            ValidationError: Something of it is missing or wrong.
        """
        return Schedule.model_validate({"name": self.name, **(self.model_extra or {})})
