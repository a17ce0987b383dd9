"""Releases and rollbacks while the fleet works, and now and then a release that is broken.

What each must come to is known: a good one is released, or put back because of a fault, and never
half done; a broken one is never live. Which version is live is asked of Lambda itself.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fleet.commands.options import Workplace
from fleet.demo import second_commit
from fleet.images import bake

from tests.kit import commits
from tests.kit.program import fleet

FUNCTION = commits.FUNCTION
BROKEN_EVERY, BROKEN_FIRST = 10, 5  # the fifth, so that a short run has one
MOST_SECONDS = 180.0  # between two
# Exit codes of `fleet`: done; refused; stopped before anything changed; put back.
DONE, ENDS_WELL = 0, {0, 3, 4, 5}


@dataclass
class Deliveries:
    """What was delivered, and what came of it.

    Attributes:
        images: Tags that work; the first is live when it begins.
        broken: The tag that does not.
        outcomes: By kind, and exit code of `fleet`.
        problems: What must not have been.
    """

    place: Workplace
    stack: str
    images: tuple[str, str]
    broken: str
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    number: int = 0

    def run(self, seconds: float, stop: threading.Event) -> None:
        """Deliver at regular times, however short the run."""
        every = min(MOST_SECONDS, seconds / (BROKEN_EVERY + 1))
        while not stop.wait(every):
            self.one()

    def one(self) -> None:
        """The next one."""
        self.number += 1
        if self.number % BROKEN_EVERY == BROKEN_FIRST:
            self._deliver("broken release", ("release", "--tag", self.broken))
        elif self.number % 3 == 0:
            self._deliver("rollback", ("rollback",))
        else:
            tag = self.images[self.number % 2]
            self._deliver("release", ("release", "--tag", tag))

    def _deliver(self, kind: str, words: tuple[str, ...]) -> None:
        verb, *options = words
        ended = fleet(verb, "--function", FUNCTION, *options, FLEET_STACK=self.stack)
        self.outcomes[f"{kind}: {ended.code}"] += 1
        said = ended.said[-300:]
        if ended.code not in ENDS_WELL:
            self.problems.append(f"{kind} ended with {ended.code}: {said}")
        if kind == "broken release" and ended.code == DONE:
            self.problems.append(f"a broken release was called well: {said}")
        self._check_live(kind)

    def _check_live(self, kind: str) -> None:
        live = self._live()
        if live == self.broken:
            self.problems.append(f"after a {kind} the broken version is live")

    def _live(self) -> str:
        ended = fleet("status", "--json", FLEET_STACK=self.stack)
        if ended.code:
            return ""  # nobody can say just now; the end is checked, too
        rows: list[dict[str, Any]] = ended.json
        return next(str(row["tag"]) for row in rows if row["function"] == FUNCTION)

    def settled(self) -> None:
        """After the last fault: whatever was stopped half way is finished, and `live` is good."""
        ended = fleet("resume", FLEET_STACK=self.stack)
        if ended.code not in ENDS_WELL:
            self.problems.append(f"fleet resume ended with {ended.code}: {ended.said[-300:]}")
        live = self._live()
        if live not in self.images:
            self.problems.append(f"in the end {live or 'nothing known'} is live")


def prepare(place: Workplace) -> tuple[tuple[str, str], str]:
    """Push another version that works and one that does not; returns the tags."""
    place.registry.login()
    good, broken = pushed(place, second_commit.LINE), pushed(place, commits.BROKEN)
    return (place.project.commit(), good), broken


def pushed(place: Workplace, source: str) -> str:
    """Build and push a change of the one function; return its tag."""
    clone = commits.changed(place.project, source)
    tag = clone.commit()
    bake.build(clone, [FUNCTION], tag=tag, architecture=place.environment.architecture)
    Workplace(clone, place.environment).registry.push(FUNCTION, tag)
    return tag
