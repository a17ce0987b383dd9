"""Sums, averages and percentages as gold has them."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any, Final

from gold_analytics.days import COUNTS, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gold_analytics.days import Appearance, Counts, Outing

_TEAM_COUNTS: Final = (*COUNTS[:-1], "points_allowed")
_SECONDS: Final = COUNTS.index("seconds")
_SHOTS: Final = ("field_goals", "three_pointers", "free_throws")
_DIGITS: Final = 1000  # thousandths

type Json = dict[str, Any]


def rounded(numerator: int, denominator: int) -> float:
    """The exact quotient, rounded to three decimals, halves away from zero."""
    thousandths = (abs(numerator) * _DIGITS * 2 + denominator) // (2 * denominator)
    return (thousandths if numerator >= 0 else -thousandths) / _DIGITS


def of_player(games: Sequence[Appearance]) -> Json:
    """What a player did in some games."""
    return {
        "games_played": len(games),
        "games_started": sum(each.started for each in games),
        **_sums(COUNTS, total(each.counts for each in games), len(games)),
    }


def of_team(games: Sequence[Outing]) -> Json:
    """What a team did in some games."""
    wins = sum(each.won for each in games)
    return {
        "games_played": len(games),
        "wins": wins,
        "losses": len(games) - wins,
        **_sums(_TEAM_COUNTS, total(each.counts for each in games), len(games)),
    }


def _sums(names: Sequence[str], counts: Counts, games: int) -> Json:
    counts = counts or (0,) * len(names)
    totals = dict(zip(names, counts, strict=True))
    averages = dict(zip(names, starmap(rounded, ((n, games or 1) for n in counts)), strict=True))
    del averages["seconds"]
    averages["minutes"] = rounded(counts[_SECONDS], 60 * (games or 1))
    return {"totals": totals, "averages": averages, "percentages": _percentages(totals)}


def _percentages(totals: dict[str, int]) -> Json:
    return {
        shot: rounded(totals[f"{shot}_made"], attempted) if attempted else None
        for shot in _SHOTS
        for attempted in (totals[f"{shot}_attempted"],)
    }
