"""How many rows the audit was handed, has stored, and has lost.

The counts of a process of the service are in memory that it shares with the process that started
it, so that what a killed process took with it can still be counted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from lambda_action import aaa

if TYPE_CHECKING:
    from collections.abc import MutableSequence

CELLS: Final = 3
_HANDED, _STORED, _LOST = range(CELLS)
_EVERY: Final = 1.0  # seconds between two lines about losses, which may come in thousands


class Counts:
    """Three numbers. One process writes them; others may read them."""

    def __init__(self, cells: MutableSequence[int] | None = None) -> None:
        """Count in these cells, or in own ones.

        Args:
            cells: `CELLS` numbers, zero at first; shared memory, for instance.
        """
        self._cells: MutableSequence[int] = [0] * CELLS if cells is None else cells
        self._told = 0
        self._told_at = -_EVERY

    def handed(self, rows: int) -> None:
        """Rows were to be stored."""
        self._cells[_HANDED] += rows

    def stored(self, rows: int) -> None:
        """Rows were committed."""
        self._cells[_STORED] += rows

    def lost(self, rows: int) -> None:
        """Rows will never be stored; said in the log, together with others of the same second."""
        self._cells[_LOST] += rows
        if rows and time.monotonic() - self._told_at >= _EVERY:
            self.tell()

    def tell(self) -> None:
        """Say in the log what was lost since it was last said."""
        lost = self._cells[_LOST]
        if lost > self._told:
            aaa.audited(0, lost=lost - self._told)
            self._told, self._told_at = lost, time.monotonic()

    def unsettled(self) -> int:
        """Rows that were neither stored nor lost: those that a process which is gone still had."""
        return self._cells[_HANDED] - self._cells[_STORED] - self._cells[_LOST]

    def shown(self) -> dict[str, int]:
        """For /health."""
        return {"stored": self._cells[_STORED], "lost": self._cells[_LOST]}
