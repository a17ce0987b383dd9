"""Silver's transformation as one would write it first: plain Python, a row at a time.

The same checks and the same rows as `silver_processing`, which it is compared with.
"""

from __future__ import annotations

import json
import re
from typing import Any

_COUNTS = {
    "points": "points", "fieldGoalsMade": "field_goals_made",
    "fieldGoalsAttempted": "field_goals_attempted", "threePointersMade": "three_pointers_made",
    "threePointersAttempted": "three_pointers_attempted", "freeThrowsMade": "free_throws_made",
    "freeThrowsAttempted": "free_throws_attempted", "reboundsOffensive": "offensive_rebounds",
    "reboundsDefensive": "defensive_rebounds", "reboundsTotal": "rebounds", "assists": "assists",
    "steals": "steals", "blocks": "blocks", "turnovers": "turnovers", "foulsPersonal": "fouls",
}  # fmt: skip
_MINUTES = re.compile(r"(\d+):([0-5]\d)")

type Row = dict[str, Any]


def rows(bodies: list[bytes], day: Any, hosts: dict[str, int]) -> list[Row]:
    """A day's rows in order of game, team and player."""
    made = [row for body in bodies for row in _game(json.loads(body), day, hosts)]
    if len({(row["game_id"], row["player_id"]) for row in made}) != len(made):
        raise ValueError("a player is there twice")
    return sorted(made, key=lambda row: (row["game_id"], row["team_id"], row["player_id"]))


def _game(document: Row, day: Any, hosts: dict[str, int]) -> list[Row]:
    box = document["boxScoreTraditional"]
    made: list[Row] = []
    for own, other in (("homeTeam", "awayTeam"), ("awayTeam", "homeTeam")):
        team, opponent = box[own], box[other]
        about = {
            "game_id": _text(box["gameId"]),
            "game_date": day,
            "season_type": {"2": "regular", "4": "playoffs"}[box["gameId"][2]],
            "team_id": _whole(team["teamId"]),
            "team_tricode": _text(team["teamTricode"]),
            "team_city": _text(team["teamCity"]),
            "team_name": _text(team["teamName"]),
            "opponent_team_id": _whole(opponent["teamId"]),
            "home": hosts.get(box["gameId"]) == team["teamId"],
        }
        made += [{**about, **_player(player)} for player in team["players"]]
    scores: dict[int, int] = {}
    for row in made:
        scores[row["team_id"]] = scores.get(row["team_id"], 0) + (row["points"] or 0)
    for row in made:
        row["won"] = scores[row["team_id"]] > scores[row["opponent_team_id"]]
    return made


def _player(player: Row) -> Row:
    statistics = player["statistics"]
    minutes = _text(statistics["minutes"])
    about = {
        "player_id": _whole(player["personId"]),
        "player_name": f"{_text(player['firstName'])} {_text(player['familyName'])}".strip(),
        "position": _text(player["position"]),
        "started": bool(player["position"]),
        "played": bool(minutes),
        "comment": _text(player["comment"]),
    }
    line = {name: _count(statistics[source]) for source, name in _COUNTS.items()}
    line["plus_minus"] = _integral(statistics["plusMinusPoints"])
    if not about["player_name"] or about["player_id"] <= 0:
        raise ValueError("a player has no name or no id")
    if not minutes:
        if any(line.values()):
            raise ValueError("statistics without minutes")
        return {**about, "seconds": None, **dict.fromkeys(line)}
    _possible(line)
    return {**about, "seconds": _seconds(minutes), **line}


def _possible(line: Row) -> None:
    for kind in ("field_goals", "three_pointers", "free_throws"):
        if line[f"{kind}_made"] > line[f"{kind}_attempted"]:
            raise ValueError("more made than attempted")
    shots = 2 * line["field_goals_made"] + line["three_pointers_made"] + line["free_throws_made"]
    if line["points"] != shots:
        raise ValueError("points are not those of its shots")
    if line["rebounds"] != line["offensive_rebounds"] + line["defensive_rebounds"]:
        raise ValueError("rebounds do not add up")


def _seconds(minutes: str) -> int:
    found = _MINUTES.fullmatch(minutes)
    if found is None:
        raise ValueError("minutes are not of the form 34:12")
    return int(found[1]) * 60 + int(found[2])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value


def _count(value: object) -> int:
    number = _whole(value)
    if not 0 <= number <= 1000:
        raise ValueError("out of range")
    return number


def _integral(value: object) -> int:
    if not isinstance(value, float) or not value.is_integer():
        raise TypeError("not a whole number")
    return int(value)
