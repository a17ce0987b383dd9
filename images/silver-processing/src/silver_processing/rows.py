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
_PERSON: Final = attrgetter("person_id")


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
    players = [sorted(own.players, key=_PERSON) for _, own, _ in sides]
    counts = list(map(len, players))
    everyone = list(chain.from_iterable(players))
    columns = _sides(sides, counts, hosts) | _people(everyone) | _lines(everyone)
    checks.people(columns)
    checks.lines(columns)
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
    values: Columns = {
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
    positions = [p.position for p in players]
    return {
        "player_id": [p.person_id for p in players],
        "player_name": [f"{p.first_name} {p.family_name}".strip() for p in players],
        "position": positions,
        "started": [position != "" for position in positions],
        "comment": [p.comment for p in players],
    }


def _lines(players: Sequence[Player]) -> Columns:
    """Time and statistics. Those of who did not play are nought here, and become nulls."""
    lines = [player.statistics for player in players]
    return {
        "played": [s.minutes != "" for s in lines],
        "seconds": [playing_time.seconds(s.minutes) for s in lines],
        "points": [s.points for s in lines],
        "field_goals_made": [s.field_goals_made for s in lines],
        "field_goals_attempted": [s.field_goals_attempted for s in lines],
        "three_pointers_made": [s.three_pointers_made for s in lines],
        "three_pointers_attempted": [s.three_pointers_attempted for s in lines],
        "free_throws_made": [s.free_throws_made for s in lines],
        "free_throws_attempted": [s.free_throws_attempted for s in lines],
        "offensive_rebounds": [s.rebounds_offensive for s in lines],
        "defensive_rebounds": [s.rebounds_defensive for s in lines],
        "rebounds": [s.rebounds_total for s in lines],
        "assists": [s.assists for s in lines],
        "steals": [s.steals for s in lines],
        "blocks": [s.blocks for s in lines],
        "turnovers": [s.turnovers for s in lines],
        "fouls": [s.fouls_personal for s in lines],
        "plus_minus": [int(s.plus_minus_points) for s in lines],
    }


def _winners(columns: Columns, sides: Sequence[tuple[str, Team, Team]]) -> list[bool]:
    scores: dict[tuple[str, int], int] = {}
    keys = zip(columns["game_id"], columns["team_id"], strict=True)
    for key, points in zip(keys, columns["points"], strict=True):
        scores[key] = scores.get(key, 0) + points
    won = []
    for game, own, other in sides:
        difference = scores[game, own.team_id] - scores[game, other.team_id]
        if difference == 0:
            raise Refused("data_quality", f"game {game}: nobody won")
        won.append(difference > 0)
    return won
