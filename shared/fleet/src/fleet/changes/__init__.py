"""What truly differs between two commits: by content, not only by path, and without a build."""

from __future__ import annotations

from fleet.changes.compare import Change, changed_functions, compare

__all__ = ["Change", "changed_functions", "compare"]
