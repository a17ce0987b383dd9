"""What a command that died has left behind: made harmless at once, and said in the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fleet.release.control import CONSISTENCY_SECONDS

if TYPE_CHECKING:
    from function_kit.releases import Release

    from fleet.release.heartbeat import Held
    from fleet.release.outcome import FunctionOutcome
    from fleet.release.told import Alias
    from fleet.release.tools import Tools


def find_interrupted(tools: Tools, held: Held, outcome: FunctionOutcome) -> list[Release]:
    """Open records of a function whose lock is held now, with the state that they end in.

    Traffic that they left split goes back at once. The records stay open in the table: they
    are closed in the same write that begins what takes their place, so that whoever dies in
    between leaves something for `fleet resume`.

    A process that only slept may wake up at any of these steps. Its record is claimed first,
    and then `live` is written even where that changes nothing: under the new token and the
    new revision, whatever it has yet to write is refused.

    Args:
        tools: what releases work with.
        held: the function's lock.
        outcome: of the function; what is found is noted there.
    """
    function = outcome.function
    opened = [
        tools.history.claim(release, held.lock(function))
        for release in tools.history.of(function, limit=5)
        if release.state == "started"
    ]
    if not opened:
        return []
    alias = tools.control(function, held).end_sharing()
    if not tools.environment.is_local:
        # What is decided next is decided by reads, and these are to show all of this.
        tools.runner.sleep(CONSISTENCY_SECONDS)
    return [_closed(tools, release, alias, outcome) for release in opened]


def _closed(tools: Tools, release: Release, alias: Alias, outcome: FunctionOutcome) -> Release:
    # `live` moves only after the smoke event has passed.
    done = alias.version == release.version
    what = "had moved live" if done else "had not moved live wholly: undone"
    outcome.notes.append(f"an earlier {release.kind} of {release.tag[:12]} was killed; it {what}")
    now = datetime.fromtimestamp(tools.runner.now(), UTC)
    return replace(
        release,
        state="succeeded" if done else "interrupted",
        reason="it was killed after live had moved" if done else "it was killed",
        finished_at=now.isoformat(timespec="milliseconds"),
    )
