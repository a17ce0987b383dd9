"""How far a chain of runs has come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from scheduled_digest.models import Counts, Deferred

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


@dataclass(slots=True)
class Progress:
    """How far a chain has come; a run begins with that of the run before and moves it on.

    Attributes:
        after: The last monitor taken from the pages.
        deferred: Calls already made for each monitor that is to be done first.
        active: Due monitors, or None before the first page.
        tally: Of `succeeded`, `failed` and `skipped`.
    """

    after: UUID | None = None
    deferred: dict[UUID, int] = field(default_factory=dict)
    active: int | None = None
    tally: dict[str, int] = field(
        default_factory=lambda: {"succeeded": 0, "failed": 0, "skipped": 0}
    )

    @classmethod
    def of(cls, after: UUID | None, deferred: Sequence[Deferred], counts: Counts) -> Progress:
        """The progress that a continuation brings along."""
        tally = asdict(counts)
        active = tally.pop("active")
        waiting = {item.id: item.attempts for item in deferred}
        return cls(after, waiting, active, tally)

    @property
    def counts(self) -> Counts:
        """The counts so far."""
        return Counts(active=self.active or 0, **self.tally)
