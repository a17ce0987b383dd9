"""What gold must say of a generated season, added up from the generator and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from standins.nba_season import Game, Line, Season, Side

_COUNTS = {
    "points": "points", "rebounds": "rebounds", "offensive_rebounds": "oreb",
    "defensive_rebounds": "dreb", "assists": "ast", "steals": "stl", "blocks": "blk",
    "turnovers": "tov", "fouls": "pf", "field_goals_made": "fgm", "field_goals_attempted": "fga",
    "three_pointers_made": "fg3m", "three_pointers_attempted": "fg3a", "free_throws_made": "ftm",
    "free_throws_attempted": "fta", "seconds": "seconds", "plus_minus": "plus_minus",
}  # fmt: skip

type Totals = dict[str, int]


def lines(games: Iterable[Game]) -> dict[int, list[Line]]:
    """Each player's lines of games with time on the floor, by id."""
    found: dict[int, list[Line]] = {}
    for game in games:
        for side in (game.home, game.away):
            for player, line in side.lines:
                if line is not None:
                    found.setdefault(player.person_id, []).append(line)
    return found


def sides(games: Iterable[Game]) -> dict[int, list[tuple[Side, Side]]]:
    """Each team's games, with the other side of each, by id."""
    found: dict[int, list[tuple[Side, Side]]] = {}
    for game in games:
        for own, other in ((game.home, game.away), (game.away, game.home)):
            found.setdefault(own.team.team_id, []).append((own, other))
    return found


def player_totals(own: list[Line]) -> Totals:
    return {name: sum(getattr(line, of) for line in own) for name, of in _COUNTS.items()}


def team_totals(own: list[tuple[Side, Side]]) -> Totals:
    every = [line for side, _ in own for _, line in side.lines if line]
    totals = player_totals(every)
    del totals["plus_minus"]
    return totals | {"points_allowed": sum(other.points for _, other in own)}


def stats_are_true(stats: dict[str, Any], totals: Totals, games: int) -> None:
    """Hold a `stats` block against the truth, to the last digit."""
    assert stats["totals"] == totals
    assert stats["games_played"] == games
    averages = {name: Fraction(value, games) for name, value in totals.items()}
    averages["minutes"] = averages.pop("seconds") / 60
    assert stats["averages"] == {name: _rounded(value) for name, value in averages.items()}
    for shot, value in stats["percentages"].items():
        made, attempted = totals[f"{shot}_made"], totals[f"{shot}_attempted"]
        assert value == (_rounded(Fraction(made, attempted)) if attempted else None)


def season_is_true(season: Season, artifact: Any) -> None:
    """Hold every object of a season against the truth.

    Args:
        season: The generator's.
        artifact: Gives an object by its resource URI.
    """
    periods = [("season", season.label, list(season.games))]
    periods += [("daily", day.isoformat(), games) for day, games in season.by_day.items()]
    for kind, when, games in periods:
        for player_id, own in lines(games).items():
            found = artifact(f"player_{kind}/{when}/{player_id}")
            stats_are_true(found["stats"], player_totals(own), len(own))
        for team_id, pairs in sides(games).items():
            found = artifact(f"team_{kind}/{when}/{team_id}")
            stats_are_true(found["stats"], team_totals(pairs), len(pairs))
            wins = sum(own.points > other.points for own, other in pairs)
            assert (found["stats"]["wins"], found["stats"]["losses"]) == (wins, len(pairs) - wins)


def count(season: Season) -> int:
    """How many objects a season makes, but for the index."""
    periods = [list(season.games), *season.by_day.values()]
    return sum(len(lines(games)) + len(sides(games)) for games in periods)


def _rounded(value: Fraction) -> float:
    """Three decimals, halves away from zero."""
    whole = int(abs(value) * 1000 + Fraction(1, 2))
    return (whole if value >= 0 else -whole) / 1000
