"""The box score of before: two tables, PlayerStats and TeamStats."""

from __future__ import annotations

from typing import Any, Final

from bronze_ingestion.statistics import NAMES
from bronze_ingestion.tables import table
from bronze_ingestion.verdict import Fault, Verdict

_COLUMNS: Final = {
    "FGM": "fieldGoalsMade", "FGA": "fieldGoalsAttempted", "FG_PCT": "fieldGoalsPercentage",
    "FG3M": "threePointersMade", "FG3A": "threePointersAttempted",
    "FG3_PCT": "threePointersPercentage", "FTM": "freeThrowsMade", "FTA": "freeThrowsAttempted",
    "FT_PCT": "freeThrowsPercentage", "OREB": "reboundsOffensive", "DREB": "reboundsDefensive",
    "REB": "reboundsTotal", "AST": "assists", "STL": "steals", "BLK": "blocks", "TO": "turnovers",
    "PF": "foulsPersonal", "PTS": "points", "PLUS_MINUS": "plusMinusPoints", "MIN": "minutes",
}  # fmt: skip
assert set(_COLUMNS.values()) == set(NAMES)  # noqa: S101 - both lists are here, in the source

type _Side = tuple[Any, Any, list[tuple[Any, Any]]]


def read(document: dict[str, Any]) -> tuple[Any, list[_Side]] | Verdict:
    """The id of the game and its sides as `box_scores` takes them, or what is wrong."""
    players = table(document, "PlayerStats", ("GAME_ID", "TEAM_ID", "PLAYER_ID", *_COLUMNS))
    if isinstance(players, Verdict):
        return players
    teams = table(document, "TeamStats", ("GAME_ID", "TEAM_ID", *_COLUMNS))
    if isinstance(teams, Verdict):
        return teams
    if not teams:
        return Verdict.single(Fault.TRANSIENT, "there are no teams yet")
    games = {repr(row["GAME_ID"]) for row in (*players, *teams)}
    if len(games) > 1:
        return Verdict.single(Fault.DATA_QUALITY, "its rows are of several games")
    sides = [_side(team, players) for team in teams]
    if sum(len(side[2]) for side in sides) != len(players):
        return Verdict.single(Fault.DATA_QUALITY, "there are players of no team, or of two")
    return teams[0]["GAME_ID"], sides


def _side(team: dict[str, Any], players: list[dict[str, Any]]) -> _Side:
    own = [row for row in players if row["TEAM_ID"] == team["TEAM_ID"]]
    return team["TEAM_ID"], _line(team), [(row["PLAYER_ID"], _line(row)) for row in own]


def _line(row: dict[str, Any]) -> dict[str, Any] | None:
    """Statistics by the names of today; None for who did not play."""
    line = {name: row[column] for column, name in _COLUMNS.items()}
    return None if all(value is None for value in line.values()) else line
