"""Box scores as columns: one row for each player and game, cleaned and checked.

Whole columns are made and checked at a time, and an offender is looked for only when there is
one: taken row by row, the same costs several times as much (tests/performance/silver.py).
"""

from __future__ import annotations

from itertools import chain, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from silver_processing import box_scores, checks, playing_time, seasons
from silver_processing.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from silver_processing.box_scores import BoxScore, Player, Team

type Columns = dict[str, Sequence[Any]]

STATISTICS: Final = (
    "points", "field_goals_made", "field_goals_attempted", "three_pointers_made",
    "three_pointers_attempted", "free_throws_made", "free_throws_attempted",
    "offensive_rebounds", "defensive_rebounds", "rebounds", "assists", "steals", "blocks",
    "turnovers", "fouls", "plus_minus",
)  # fmt: skip
# The same in the source's order of the fields behind `minutes`.
_LINE: Final = attrgetter(
    "minutes", "points", "field_goals_made", "field_goals_attempted", "three_pointers_made",
    "three_pointers_attempted", "free_throws_made", "free_throws_attempted",
    "rebounds_offensive", "rebounds_defensive", "rebounds_total", "assists", "steals", "blocks",
    "turnovers", "fouls_personal", "plus_minus_points",
)  # fmt: skip
_ABOUT: Final = attrgetter("person_id", "first_name", "family_name", "position", "comment")


def of(boxes: Iterable[BoxScore], hosts: Mapping[str, int]) -> Columns:
    """The rows of some games, in order of game, team and player.

    Args:
        boxes: The games.
        hosts: Who played at home, by game. A game that is not there has no home.

    Raises:
        Refused: The games cannot have been so.
    """
    sides = [
        (box.game_id, own, other)
        for box in sorted(boxes, key=attrgetter("game_id"))
        for own, other in _both(box)
    ]
    players = [sorted(own.players, key=attrgetter("person_id")) for _, own, _ in sides]
    counts = list(map(len, players))
    everyone = list(chain.from_iterable(players))
    columns = _sides(sides, counts, hosts) | _people(everyone)
    checks.people(columns)
    columns |= _lines(everyone, columns)
    columns["won"] = _spread(_winners(columns, sides), counts)
    return columns


def _both(box: BoxScore) -> tuple[tuple[Team, Team], tuple[Team, Team]]:
    one, other = box_scores.teams(box)
    if one.team_id == other.team_id:
        raise Refused("data_quality", f"game {box.game_id}: there are not two teams")
    if not one.players or not other.players:
        raise Refused("data_quality", f"game {box.game_id}: a team has no players")
    return (one, other), (other, one)


def _sides(
    sides: Sequence[tuple[str, Team, Team]], counts: Sequence[int], hosts: Mapping[str, int]
) -> Columns:
    """What is the same for all players of a team in a game."""
    values = {
        "game_id": [game for game, _, _ in sides],
        "season_type": [seasons.season_type(game) for game, _, _ in sides],
        "team_id": [own.team_id for _, own, _ in sides],
        "team_tricode": [own.team_tricode for _, own, _ in sides],
        "team_city": [own.team_city for _, own, _ in sides],
        "team_name": [own.team_name for _, own, _ in sides],
        "opponent_team_id": [other.team_id for _, _, other in sides],
        "home": [_at_home(hosts.get(game), own.team_id) for game, own, _ in sides],
    }
    return {name: _spread(column, counts) for name, column in values.items()}


def _at_home(host: int | None, team_id: int) -> bool | None:
    return None if host is None else host == team_id


def _spread(values: Sequence[Any], counts: Sequence[int]) -> list[Any]:
    return list(chain.from_iterable(map(repeat, values, counts)))


def _people(players: Sequence[Player]) -> Columns:
    if not players:
        return dict.fromkeys(("player_id", "player_name", "position", "started", "comment"), ())
    ids, given, family, positions, comments = zip(*map(_ABOUT, players), strict=True)
    return {
        "player_id": ids,
        "player_name": [f"{a} {b}".strip() for a, b in zip(given, family, strict=True)],
        "position": positions,
        "started": list(map(bool, positions)),
        "comment": comments,
    }


def _lines(players: Sequence[Player], known: Columns) -> Columns:
    """Time and statistics; null for who did not play."""
    if not players:
        return dict.fromkeys(("played", "seconds", *STATISTICS), ())
    minutes, *numbers = zip(*map(_LINE, [p.statistics for p in players]), strict=True)
    columns: Columns = dict(zip(STATISTICS, numbers, strict=True))
    played = list(map(bool, minutes))
    seconds = [playing_time.seconds(text) if text else None for text in minutes]
    checks.lines({**known, **columns, "played": played, "seconds": seconds})
    bench = [row for row, was in enumerate(played) if not was]
    emptied = {name: _without(column, bench) for name, column in columns.items()}
    return {"played": played, "seconds": seconds, **emptied}


def _without(column: Sequence[Any], rows: Sequence[int]) -> list[Any]:
    values = list(column)
    for row in rows:
        values[row] = None
    return values


def _winners(columns: Columns, sides: Sequence[tuple[str, Team, Team]]) -> list[bool]:
    scores: dict[tuple[str, int], int] = {}
    keys = zip(columns["game_id"], columns["team_id"], strict=True)
    for key, points in zip(keys, columns["points"], strict=True):
        scores[key] = scores.get(key, 0) + (points or 0)
    won = []
    for game, own, other in sides:
        difference = scores[game, own.team_id] - scores[game, other.team_id]
        if difference == 0:
            raise Refused("data_quality", f"game {game}: nobody won")
        won.append(difference > 0)
    return won
