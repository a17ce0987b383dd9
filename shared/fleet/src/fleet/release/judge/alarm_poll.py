"""One look at the alarms for all functions that a command watches at the same time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleet.release.judge.alarms import AlarmWatch
    from fleet.release.runner import Runner

FRESH_SECONDS: Final = 5.0
# Who asks no more is no longer asked for: more than the pause between two questions.
_WATCHED_SECONDS = 30.0
_PAUSE = 0.2


class AlarmPoll:
    """Answers for one function by what was asked for all of them a moment ago.

    CloudWatch describes alarms nine times a second for a whole account: a canary of a hundred
    functions, each of which asked for itself, would be refused, and stopped for that.
    """

    def __init__(self, watch: AlarmWatch, runner: Runner) -> None:
        self._watch = watch
        self._runner = runner
        self._mutex = threading.Lock()
        self._asked: dict[str, float] = {}
        self._seen: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._polling = False

    def firing(self, function: str) -> tuple[str, ...]:
        """What stops a function's release; no older than a few seconds."""
        while True:
            now = self._runner.now()
            with self._mutex:
                self._asked[function] = now
                seen = self._seen.get(function)
                if seen and seen[0] > now - FRESH_SECONDS:
                    return seen[1]
                mine, self._polling = not self._polling, True
            if mine:
                self._poll(now)
            else:
                # Not on a lock: whoever stops this command must not wait for CloudWatch.
                self._runner.sleep(_PAUSE)

    def _poll(self, now: float) -> None:
        try:
            with self._mutex:
                since = now - _WATCHED_SECONDS
                watched = [name for name, asked in self._asked.items() if asked > since]
            found = self._watch.firing(watched)
            with self._mutex:
                # As old as the question.
                self._seen |= {name: (now, firing) for name, firing in found.items()}
        finally:
            with self._mutex:
                self._polling = False
