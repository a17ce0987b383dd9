"""What a verdict rests on: real traffic of both versions, and smoke events of the new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.release.judge.evidence import Counts

if TYPE_CHECKING:
    from fleet.release.judge.statistics import Table

_NOTHING = Counts(0, 0)


@dataclass(frozen=True)
class Seen:
    """Everything since the canary began.

    Attributes:
        old: real traffic of the old version.
        real: real traffic of the new version.
        smoke: smoke events sent to the new version.
        tables: what old and new did beside each other, a table for each split of traffic.
    """

    old: Counts
    real: Counts
    smoke: Counts
    tables: tuple[Table, ...]

    @classmethod
    def of(
        cls, old: Counts | None, new: Counts | None, synthetic: int, synthetic_errors: int = 0
    ) -> Seen:
        """Tell real invocations from smoke events, of which `new` holds both."""
        old, new = old or _NOTHING, new or _NOTHING
        smoke = min(synthetic, new.invocations)
        real = new.invocations - smoke
        # Errors of which it is not said whose they are count as real traffic's, if they can be.
        failed = max(min(synthetic_errors, smoke, new.errors), new.errors - real)
        traffic = Counts(real, new.errors - failed, new.parts)
        return cls(old, traffic, Counts(smoke, failed), _tables(old, traffic))

    @property
    def new(self) -> Counts:
        """Everything that the new version answered."""
        return self.real + self.smoke


def _tables(old: Counts, new: Counts) -> tuple[Table, ...]:
    """Pair the stretches of both versions.

    A stretch that only the new version took part in (at a weight of 1) is held against the old
    version's stretch before it; one of the old version alone says nothing of the new one.
    """
    if not (old.invocations and new.invocations):
        return ()
    together: list[tuple[Counts, Counts]] = []
    for before, after in zip(old.parts, new.parts, strict=False):
        if after.invocations and not before.invocations and together:
            together[-1] = (together[-1][0], together[-1][1] + after)
        elif after.invocations and before.invocations:
            together.append((before, after))
    if sum(after.invocations for _, after in together) != new.invocations:
        # Counts without parts, or whose parts leave some out: one table of everything.
        together = [(old, new)]
    return tuple((n.errors, n.invocations, o.errors, o.invocations) for o, n in together)
