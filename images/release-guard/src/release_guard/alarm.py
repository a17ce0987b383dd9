"""The event: an alarm that changed its state, as EventBridge hands it over.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import AliasPath, AwareDatetime, BaseModel, ConfigDict, Field

from release_guard.settings import NAME

if TYPE_CHECKING:
    from release_guard.settings import GuardSettings

KIND: Final = "-errors"
FIRING: Final = "ALARM"


class Alarm(BaseModel):
    """An alarm's change of state.

    Attributes:
        id: EventBridge's id of the event: the same one when it is delivered again.
        name: The alarm's name.
        state: What it changed to: OK, ALARM or INSUFFICIENT_DATA.
        at: When it did.
        reason: Why, in CloudWatch's words.
    """

    # Built when the first alarm comes: at every start it would be a sixth of the start.
    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True
    )

    id: str = Field(pattern=r"^[\w-]{1,64}$")
    name: str = Field(validation_alias=AliasPath("detail", "alarmName"))
    state: str = Field(validation_alias=AliasPath("detail", "state", "value"))
    at: AwareDatetime = Field(validation_alias=AliasPath("detail", "state", "timestamp"))
    reason: str = Field("", validation_alias=AliasPath("detail", "state", "reason"))

    @property
    def run_id(self) -> str:
        """What this event's rollback is known by, however often the event is delivered."""
        return f"guard-{self.id}"

    def function(self, settings: GuardSettings) -> str | None:
        """The guarded function whose error alarm went off; None for any other change."""
        if self.state != FIRING or not self.name.endswith(KIND):
            return None
        name = self.name.removesuffix(KIND).removeprefix(f"{settings.function_prefix}-")
        known = name in settings.guarded_functions and name != NAME
        return name if known and self.name == f"{settings.function_prefix}-{name}{KIND}" else None


def parse(event: dict[str, Any]) -> Alarm:
    """Check an event.

    Raises:
        ValidationError: It is not an alarm's change of state.
    """
    return Alarm.model_validate(event)
