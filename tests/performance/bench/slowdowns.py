"""Whether a run is slower than an earlier one, and by more than noise can explain.

    make bench-compare BASE=before.json [NEW=build/bench.json]

A figure is a slowdown when it became worse by more than 20 % and that is not noise:

- With three rounds or more on both sides, the ratio of the medians is drawn anew 2,000 times from
  the rounds (bootstrap), and the change counts when 99 % of the draws are worse than before and
  the medians are three times the rounds' own spread apart (MAD, scaled to a standard deviation).
- A figure of one round has no spread to show. It counts only if it is a ratio to a floor of the
  same run, and then when it is worse by more than 20 % on top of the 15 % that these ratios move
  by from one run to the next.
- Sizes have no noise: 20 % is 20 %.
- Seconds of another machine say nothing: they are not compared, and neither is a single time.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.performance.bench.figure import Figure

SLOWER = 1.2  # times as bad as before
NOISE = 1.15  # what a ratio of one round moves by between two runs of the same code
DRAWS, SURE = 2000, 0.99
SPREADS = 3.0
ROUNDS = 3  # fewer have no spread

type Kind = Literal["slower", "faster", "same", "noise", "missing", "new", "not compared"]


@dataclass(frozen=True)
class Change:
    """What became of a figure: `times` as bad as before, where that can be said."""

    key: str
    kind: Kind
    why: str = ""
    times: float | None = None


def compare(
    before: Iterable[Figure], after: Iterable[Figure], *, same_machine: bool, sections: set[str]
) -> list[Change]:
    """Every figure of either run, in order.

    Args:
        before: Figures of the earlier run.
        after: Figures of this one.
        same_machine: Whether seconds may be compared at all.
        sections: What this run was asked to measure; what is missing of others is no failure.
    """
    old, new = ({figure.key: figure for figure in run} for run in (before, after))
    changes = []
    for key in dict.fromkeys((*old, *new)):
        if key not in new:
            changes.append(_missing(key, sections))
        elif key not in old:
            changes.append(Change(key, "new", "the earlier run has none"))
        else:
            changes.append(judge(old[key], new[key], same_machine=same_machine))
    return changes


def failed(changes: Iterable[Change]) -> list[Change]:
    """Those for which a build should stop."""
    return [change for change in changes if change.kind in {"slower", "missing"}]


def _missing(key: str, sections: set[str]) -> Change:
    if key.partition("/")[0] in sections:
        return Change(key, "missing", "it was measured before, and not in this run")
    return Change(key, "not compared", "this run was not asked for it")


def judge(old: Figure, new: Figure, *, same_machine: bool) -> Change:
    """One figure of two runs."""
    if not (new.relative or new.exact or same_machine):
        return Change(new.key, "not compared", "another machine: its times say nothing")
    if old.value <= 0 or new.value <= 0:
        return Change(new.key, "not compared", "there is no ratio to nothing")
    times = _worse(old.value, new.value, new.better)
    if new.exact:
        return _by(times, new.key, SLOWER, "it has no noise")
    if min(len(old.samples), len(new.samples)) >= ROUNDS:
        return _by_rounds(old, new)
    if not new.relative:
        return Change(new.key, "not compared", "a single time has no spread to be held to", times)
    return _by(times, new.key, SLOWER * NOISE, "a single round, so noise is allowed for")


def _worse(old: float, new: float, better: str) -> float:
    return new / old if better == "less" else old / new


def _by(times: float, key: str, most: float, why: str) -> Change:
    if times > most:
        return Change(key, "slower", why, times)
    if times > SLOWER:
        return Change(key, "noise", why, times)
    return Change(key, "faster" if times < 1 / most else "same", why, times)


def _by_rounds(old: Figure, new: Figure) -> Change:
    medians = [statistics.median(run.samples) for run in (old, new)]
    if min(*old.samples, *new.samples) <= 0:
        return Change(new.key, "not compared", "there is no ratio to nothing")
    times = _worse(medians[0], medians[1], new.better)
    share = _share_worse(old.samples, new.samples, new.better, seed=new.key)
    spread = max(_spread(old.samples), _spread(new.samples))
    apart = abs(medians[1] - medians[0]) > SPREADS * spread
    distance = f"{'' if apart else 'not '}{SPREADS:g} spreads apart"
    why = f"{share:.0%} of draws are worse, medians {distance}"
    if times > SLOWER:
        return Change(new.key, "slower" if share >= SURE and apart else "noise", why, times)
    better = times < 1 / SLOWER and share <= 1 - SURE and apart
    return Change(new.key, "faster" if better else "same", why, times)


def _spread(samples: Sequence[float]) -> float:
    """The median absolute deviation, scaled to the standard deviation of a normal distribution."""
    middle = statistics.median(samples)
    return 1.4826 * statistics.median(abs(sample - middle) for sample in samples)


def _share_worse(old: Sequence[float], new: Sequence[float], better: str, seed: str) -> float:
    """Of how many draws of the rounds, with replacement, the new median is the worse one."""
    chosen = random.Random(seed)
    worse = 0
    for _ in range(DRAWS):
        drawn = [statistics.median(chosen.choices(run, k=len(run))) for run in (old, new)]
        worse += _worse(drawn[0], drawn[1], better) > 1
    return worse / DRAWS
