"""What the function is sent."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

from message_kit.message import Draft
from message_kit.schedule import drafted
from message_kit.schedules import DUE
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from message_kit.message import Message, Stage

SYSTEM: Final = "@"
"""What names of schedules begin with that are Terraform's own; others cannot be called so."""


def _known(value: object) -> object:
    """The moment, or None where Scheduler has not put one in: an emulator does not."""
    return None if value == DUE else value


class Due(BaseModel):
    """A schedule is due: make its message.

    Attributes:
        schedule: The schedule's name.
        scheduled_time: When it was due; now, to the minute, when nobody knows.
        message: What to make.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: Annotated[str, Field(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    scheduled_time: Annotated[AwareDatetime | None, BeforeValidator(_known)] = None
    message: Draft

    def made(self, stage: Stage, now: datetime) -> Message:
        """The message, the same each time for the same schedule and moment.

        Args:
            stage: The deployment.
            now: With a zone.
        """
        due = self.scheduled_time or now.replace(second=0, microsecond=0)
        due = due.astimezone(UTC)
        unique = hashlib.sha256(f"{self.schedule} {due.isoformat()}".encode()).hexdigest()[:24]
        return drafted(self.schedule, self.message).message(stage, due, unique)


class Sweep(BaseModel):
    """Publish what was left behind, and give up what was abandoned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sweep: Literal[True]
