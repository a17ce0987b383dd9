"""What an account's Lambda holds, and what every call needs of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kit.world.cloudwatch import Metrics
from tests.kit.world.functions import Alias, AwsError, Change, Function, Version
from tests.kit.world.rates import Rates
from tests.kit.world.registry import Images


@dataclass
class Timing:
    """How long the control plane takes, in seconds, and what it will not manage.

    Attributes:
        update: until an update of $LATEST has settled.
        publish: until a new version can be invoked.
        failing_updates: how many of the next updates end as Failed.
        failing_publishes: how many of the next versions end as Failed.
        late_refusal: whether a missing image is found only when the update has begun.
    """

    update: float = 2.0
    publish: float = 1.0
    wake: float = 3.0
    failing_updates: int = 0
    failing_publishes: int = 0
    late_refusal: bool = False


@dataclass
class Account:
    """Every function of an account.

    Attributes:
        stale: how many seconds old the answer to the read at hand is to be.
        moved: told of every alias that was updated.
        invoked: told of every version that was invoked by its number, with the event and the
            payload; None for a function that failed.
    """

    clock: Callable[[], float]
    images: Images
    metrics: Metrics
    rates: Rates = field(default_factory=Rates)
    timing: Timing = field(default_factory=Timing)
    functions: dict[str, Function] = field(default_factory=dict)
    stale: float = 0.0
    moved: Callable[[Function, Alias], None] = field(default=lambda _function, _alias: None)
    invoked: Callable[[Version, Any, Any], None] = field(default=lambda *_: None)

    def function(self, name: str) -> Function:
        name = name.rpartition(":")[2]
        if name not in self.functions:
            raise AwsError("ResourceNotFoundException", f"Function not found: {name}", 404)
        function = self.functions[name]
        function.settle(self.clock())
        return function

    def change(self, seconds: float, reason: str, code: str = "InvalidImage") -> Change:
        return Change(self.clock() + seconds, reason, code)
