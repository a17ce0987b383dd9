"""Authentication, authorisation and audit in the log, each by its own event name."""

from __future__ import annotations

from function_kit.logging import get_logger

_log = get_logger()


def authentication(client_id: str, *, method: str, ok: bool, reason: str = "") -> None:
    """Who came, and whether they are who they say. A good token is told at DEBUG only."""
    fields = {"client_id": client_id[:128], "method": method, "ok": ok}
    if ok and method == "token":
        _log.debug("authentication", **fields)
    elif ok:
        _log.info("authentication", **fields)
    else:
        _log.warning("authentication", **fields, **({"reason": reason} if reason else {}))


def authorization(client_id: str, *, function: str, ok: bool) -> None:
    """Whether a client may invoke a function. What is allowed is told at DEBUG only."""
    log = _log.debug if ok else _log.warning
    log("authorization", client_id=client_id, function=function, ok=ok)


def audited(records: int, *, lost: int = 0) -> None:
    """Invocations that were written down, or lost."""
    if lost:
        _log.error("audit", stored=records, lost=lost)
    else:
        _log.debug("audit", stored=records, lost=0)
