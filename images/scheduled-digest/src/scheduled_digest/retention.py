"""How long deleted monitors are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from function_kit.logging import get_logger

from scheduled_digest.monitors import Monitors, SupabaseError

if TYPE_CHECKING:
    from function_kit.deadline import Deadline

log = get_logger()


def purge(monitors: Monitors, retention_days: int, deadline: Deadline) -> int | None:
    """Remove monitors that were deleted longer ago than they are kept.

    Two numbers are logged: what was there to remove, counted beforehand, and what was removed,
    which is the DELETE's own answer and the one that counts.

    Returns:
        The rows removed, or None when it failed: the digests go out all the same.
    """
    before = datetime.now(UTC) - timedelta(days=retention_days)
    try:
        expired = monitors.count_expired(before, deadline)
        log.info("%d deleted monitors to remove", expired, before=before.isoformat())
        removed = monitors.purge(before, deadline)
    except SupabaseError:
        log.exception("purge failed")
        return None
    log.info("removed %d deleted monitors", removed)
    return removed
