"""What became of many records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

# Named in an answer; all are counted.
MAX_PROBLEMS: Final = 100


class Problem(NamedTuple):
    """A record that was not stored, and why; never with a value of it.

    Attributes:
        record: Its line, counted from 1, or its place in a list, from 0.
        field: Which field, with dots between levels; empty for the record as a whole.
        reason: What is wrong.
    """

    record: int
    field: str
    reason: str

    def named(self, where: str) -> dict[str, str]:
        """As a bad field of a request: `lines.3.patient_id`."""
        name = f"{where}.{self.record}" + (f".{self.field}" if self.field else "")
        return {"field": name, "reason": self.reason}


def key_reused(record: int) -> Problem:
    """The problem that a record's key is of another treatment."""
    return Problem(record, "idempotency_key", "is of another treatment of this patient")


@dataclass
class Report:
    """What became of many records.

    Attributes:
        received: Records seen.
        inserted: Those that are new.
        rejected: Those that cannot be stored.
        problems: The first of these.
    """

    received: int = 0
    inserted: int = 0
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def already_stored(self) -> int:
        """Those that were there before, or twice among themselves."""
        return self.received - self.inserted - self.rejected

    def reject(self, problem: Problem) -> None:
        """Note a record that cannot be stored."""
        self.rejected += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
