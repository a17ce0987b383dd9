"""The box score of before, in tables, which older objects of the lake have."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_STATISTICS: Final = {
    "PTS": "points", "FGM": "fieldGoalsMade", "FGA": "fieldGoalsAttempted",
    "FG3M": "threePointersMade", "FG3A": "threePointersAttempted", "FTM": "freeThrowsMade",
    "FTA": "freeThrowsAttempted", "OREB": "reboundsOffensive", "DREB": "reboundsDefensive",
    "REB": "reboundsTotal", "AST": "assists", "STL": "steals", "BLK": "blocks",
    "TO": "turnovers", "PF": "foulsPersonal", "PLUS_MINUS": "plusMinusPoints",
}  # fmt: skip
_SIDES: Final = 2

type Row = dict[str, Any]


class Table(msgspec.Struct, rename="camel"):
    """A table of the source: `rowSet` has a list for each row, in the order of `headers`."""

    name: str = ""
    headers: list[str] = []
    row_set: list[list[Any]] = []


def modern(tables: list[Table]) -> Row:
    """The same box score as an object in the shape of today, its fields not checked yet.

    Raises:
        msgspec.ValidationError: A table or a column is missing, or there are not two teams.
    """
    teams, players = _rows(tables, "TeamStats"), _rows(tables, "PlayerStats")
    try:
        if len(teams) != _SIDES or len({row["GAME_ID"] for row in (*teams, *players)}) != 1:
            raise msgspec.ValidationError("TeamStats is not of the two teams of one game")
        if not {row["TEAM_ID"] for row in players} <= {row["TEAM_ID"] for row in teams}:
            raise msgspec.ValidationError("PlayerStats has players of neither team")
        one, other = (_team(row, players) for row in teams)
        return {"gameId": teams[0]["GAME_ID"], "homeTeam": one, "awayTeam": other}
    except KeyError as error:
        raise msgspec.ValidationError(f"there is no column {error.args[0]}") from None


def _rows(tables: list[Table], name: str) -> list[Row]:
    found = next((table for table in tables if table.name == name), None)
    if found is None:
        raise msgspec.ValidationError(f"there is no table {name}")
    if any(len(row) != len(found.headers) for row in found.row_set):
        raise msgspec.ValidationError(f"{name} has rows of another length than its headers")
    return [dict(zip(found.headers, row, strict=True)) for row in found.row_set]


def _team(row: Row, players: list[Row]) -> Row:
    own = row["TEAM_ID"]
    return {
        "teamId": own,
        "teamCity": row["TEAM_CITY"],
        "teamName": row["TEAM_NAME"],
        "teamTricode": row["TEAM_ABBREVIATION"],
        "players": [_player(each) for each in players if each["TEAM_ID"] == own],
    }


def _player(row: Row) -> Row:
    """A player, whose name is in one piece here. Who did not play has nulls."""
    statistics: Row = {name: row[column] for column, name in _STATISTICS.items()}
    minutes = row["MIN"]
    if minutes is None and set(statistics.values()) == {None}:
        statistics, minutes = dict.fromkeys(statistics, 0), ""
    return {
        "personId": row["PLAYER_ID"],
        "firstName": "",
        "familyName": row["PLAYER_NAME"],
        "position": row["START_POSITION"],
        "comment": (row["COMMENT"] or "").strip(),
        "statistics": {**statistics, "minutes": minutes},
    }
