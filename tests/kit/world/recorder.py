"""Everything that `live` ever was, and whether it was allowed to be that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from function_kit.expectations import unmet

from tests.kit.world.clock import Operator, Simulation
from tests.kit.world.functions import LATEST, Alias, Function, Version
from tests.kit.world.surroundings import SMOKE


@dataclass(frozen=True)
class Move:
    """Where an alias went, who moved it in which run, and which of its versions had not passed."""

    at: float
    function: str
    version: str
    weights: dict[str, float]
    operator: str
    run: str
    unpassed: tuple[str, ...]


@dataclass
class Recorder:
    """Watches a control plane.

    Attributes:
        was_released: whether a function was ever released well; until then `live` may be, and
            go back to, the $LATEST that it was created with.
        late_caller: who made the call that takes effect now, when that is not the current task.
        moves: every UpdateAlias that took effect, oldest first.
    """

    simulation: Simulation
    was_released: Callable[[str], bool]
    late_caller: Operator | None = None
    moves: list[Move] = field(default_factory=list)

    def moved(self, function: Function, alias: Alias) -> None:
        """Note where an alias points now."""
        task = self.simulation.current()
        operator = task.operator if task else self.late_caller
        numbers = (alias.version, *alias.weights)
        self.moves.append(
            Move(
                at=self.simulation.now,
                function=function.name,
                version=alias.version,
                weights=dict(alias.weights),
                operator=operator.name if operator else "",
                run=operator.run_id if operator else "",
                unpassed=tuple(n for n in numbers if not self._may_be_live(function, n)),
            )
        )

    def invoked(self, version: Version, event: Any, payload: Any) -> None:
        """Note that a version was invoked by its number; without payload it failed."""
        if event == SMOKE.event and unmet(payload, SMOKE.expect) is None:
            version.passed = version.number != LATEST

    def _may_be_live(self, function: Function, number: str) -> bool:
        if number == LATEST:
            return not self.was_released(function.name)
        return function.version(number).passed

    @property
    def violations(self) -> list[Move]:
        """Moves of `live` to something that had not passed its smoke event."""
        return [move for move in self.moves if move.unpassed]
