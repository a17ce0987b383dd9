"""What can happen to a call of AWS on its way there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

type When = Literal["", "before", "after"]


@dataclass(frozen=True)
class Call:
    """A call that is about to be made.

    Attributes:
        service: lambda, dynamodb, cloudwatch or ecr.
        operation: AWS's name of it, such as UpdateAlias.
        operator: who makes it.
        number: how many calls that operator had made before.
    """

    service: str
    operation: str
    operator: str
    number: int
    parameters: dict[str, Any]

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return not self.operation.startswith(("Get", "List", "Query", "Describe", "Batch"))


@dataclass(frozen=True)
class Fault:
    """What happens to one call; nothing by default.

    Attributes:
        kill: the caller dies before the call takes effect, or after.
        lost: the connection breaks before the call takes effect, or after.
        late: a call that was killed or lost before it took effect does take effect, so many
            seconds later: it was on its way. 0 for never.
        error: AWS refuses it with this code, and nothing takes effect.
        stale: a read is answered with what was true so many seconds ago.
        stall: the caller's whole process stands still for so many seconds, its heartbeat too, and
            then makes the call: a laptop that slept, a machine that swapped.
        before: seconds until it reaches AWS.
        after: seconds until the answer reaches the caller.
    """

    kill: When = ""
    lost: When = ""
    late: float = 0.0
    error: str = ""
    stale: float = 0.0
    stall: float = 0.0
    before: float = 0.0
    after: float = 0.0


NONE = Fault()
