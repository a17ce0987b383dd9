"""Simulated canaries: traffic through a weighted alias, at error rates of the test's choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fleet.release.judge.evidence import Counts
from fleet.release.judge.verdict import Plan, judge

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from fleet.release.outcome import Look


@dataclass(frozen=True)
class Stretch:
    """Traffic at one share, and the error rates then."""

    share: float
    invocations: int
    old: float
    new: float


def counts(parts: Sequence[Counts]) -> Counts:
    """Everything of some stretches."""
    total = Counts(sum(p.invocations for p in parts), sum(p.errors for p in parts))
    return replace(total, parts=tuple(parts))


def canary(chance: random.Random, stretches: Sequence[Stretch], plan: Plan) -> Iterator[Look]:
    """A look at the end of each stretch, at everything since the beginning."""
    old: list[Counts] = []
    new: list[Counts] = []
    for stretch in stretches:
        mine = round(stretch.invocations * stretch.share)
        rest = stretch.invocations - mine
        new.append(Counts(mine, chance.binomialvariate(mine, stretch.new)))
        old.append(Counts(rest, chance.binomialvariate(rest, stretch.old)))
        yield judge(counts(old), counts(new), plan=plan, weight=stretch.share, at=0)


def failed(chance: random.Random, stretches: Sequence[Stretch], plan: Plan) -> bool:
    """Whether any look of a canary fails the new version."""
    return any(look.verdict == "fail" for look in canary(chance, stretches, plan))
