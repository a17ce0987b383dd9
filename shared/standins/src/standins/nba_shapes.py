"""Generated games in the shapes that stats.nba.com answers in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from standins.nba_season import Game, Line, Player, Season, Side

type Json = dict[str, Any]

SCHEDULE_HEADERS = [
    "SEASON_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME", "GAME_ID", "GAME_DATE", "MATCHUP",
    "WL", "MIN", "PTS", "FGM", "FGA", "FG_PCT", "FG3M", "FG3A", "FG3_PCT", "FTM", "FTA", "FT_PCT",
    "OREB", "DREB", "REB", "AST", "STL", "BLK", "TOV", "PF", "PLUS_MINUS",
]  # fmt: skip
_STATISTICS = [
    "FGM", "FGA", "FG_PCT", "FG3M", "FG3A", "FG3_PCT", "FTM", "FTA", "FT_PCT", "OREB", "DREB",
    "REB", "AST", "STL", "BLK", "TO", "PF", "PTS", "PLUS_MINUS",
]  # fmt: skip
PLAYER_HEADERS = [
    "GAME_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_CITY", "PLAYER_ID", "PLAYER_NAME",
    "NICKNAME", "START_POSITION", "COMMENT", "MIN", *_STATISTICS,
]  # fmt: skip
TEAM_HEADERS = [
    "GAME_ID", "TEAM_ID", "TEAM_NAME", "TEAM_ABBREVIATION", "TEAM_CITY", "MIN", *_STATISTICS,
]  # fmt: skip
_SUMMED = (
    "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf",
)  # fmt: skip


def percentage(made: int, attempted: int, digits: int = 3) -> float:
    """Made of attempted, 0 of none."""
    return round(made / attempted, digits) if attempted else 0.0


def minutes(seconds: int) -> str:
    """As `34:12`."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def schedule(season: Season, games: Iterable[Game], digits: int = 3) -> Json:
    """LeagueGameFinder: one row for each team of each game, the latest first."""
    rows = [
        row
        for game in games
        for row in (
            _schedule_row(season, game, game.home, game.away, digits),
            _schedule_row(season, game, game.away, game.home, digits),
        )
    ]
    rows.reverse()
    return {
        "resource": "leaguegamefinder",
        "parameters": {"LeagueID": "00", "PlayerOrTeam": "T"},
        "resultSets": [
            {"name": "LeagueGameFinderResults", "headers": SCHEDULE_HEADERS, "rowSet": rows}
        ],
    }


def box_score(game: Game, digits: int = 3) -> Json:
    """BoxScoreTraditionalV3."""
    return {
        "meta": {"version": 1, "request": "", "time": ""},
        "boxScoreTraditional": {
            "gameId": game.game_id,
            "awayTeamId": game.away.team.team_id,
            "homeTeamId": game.home.team.team_id,
            "homeTeam": _team(game.home, digits),
            "awayTeam": _team(game.away, digits),
        },
    }


def older_box_score(game: Game, digits: int = 3) -> Json:
    """BoxScoreTraditionalV2, which older objects of a lake have."""
    sides = (game.home, game.away)
    return {
        "resource": "boxscoretraditional",
        "parameters": {"GameID": game.game_id},
        "resultSets": [
            {
                "name": "PlayerStats",
                "headers": PLAYER_HEADERS,
                "rowSet": [
                    _older_player(game, side, player, line, digits)
                    for side in sides
                    for player, line in side.lines
                ],
            },
            {
                "name": "TeamStats",
                "headers": TEAM_HEADERS,
                "rowSet": [_older_team(game, side, digits) for side in sides],
            },
        ],
    }


def total(side: Side) -> Json:
    """A team's sums, with `seconds`, `points` and `rebounds`."""
    lines = [line for _, line in side.lines if line]
    sums: Json = {name: sum(getattr(line, name) for line in lines) for name in _SUMMED}
    sums["seconds"] = sum(line.seconds for line in lines)
    sums["points"] = 2 * sums["fgm"] + sums["fg3m"] + sums["ftm"]
    sums["rebounds"] = sums["oreb"] + sums["dreb"]
    return sums


def _schedule_row(season: Season, game: Game, own: Side, other: Side, digits: int) -> list[Any]:
    at_home = own is game.home
    won = own.points > other.points
    matchup = f"{own.team.tricode} {'vs.' if at_home else '@'} {other.team.tricode}"
    return [
        f"2{season.year}", own.team.team_id, own.team.tricode,
        f"{own.team.city} {own.team.nickname}", game.game_id, game.day.isoformat(), matchup,
        "W" if won else "L", 240, own.points, *_in_schedule(total(own), digits),
        float(own.points - other.points),
    ]  # fmt: skip


def _in_schedule(sums: Json, digits: int) -> list[Any]:
    return [
        sums["fgm"], sums["fga"], percentage(sums["fgm"], sums["fga"], digits),
        sums["fg3m"], sums["fg3a"], percentage(sums["fg3m"], sums["fg3a"], digits),
        sums["ftm"], sums["fta"], percentage(sums["ftm"], sums["fta"], digits),
        sums["oreb"], sums["dreb"], sums["rebounds"], sums["ast"], sums["stl"], sums["blk"],
        sums["tov"], sums["pf"],
    ]  # fmt: skip


def _team(side: Side, digits: int) -> Json:
    team, sums = side.team, total(side)
    return {
        "teamId": team.team_id,
        "teamCity": team.city,
        "teamName": team.nickname,
        "teamTricode": team.tricode,
        "teamSlug": team.nickname.lower().replace(" ", "-"),
        "players": [_player(player, line, digits) for player, line in side.lines],
        "statistics": _statistics(sums, minutes(sums["seconds"]), 0, digits),
    }


def _player(player: Player, line: Line | None, digits: int) -> Json:
    return {
        "personId": player.person_id,
        "firstName": player.given,
        "familyName": player.family,
        "nameI": f"{player.given[0]}. {player.family}",
        "playerSlug": player.name.lower().replace(" ", "-"),
        "position": "",
        "comment": "" if line else "DNP - Coach's Decision",
        "jerseyNum": player.jersey,
        "statistics": _statistics(_sums(line), minutes(line.seconds), line.plus_minus, digits)
        if line
        else _statistics(dict.fromkeys((*_SUMMED, "points", "rebounds"), 0), "", 0, digits),
    }


def _sums(line: Line) -> Json:
    sums: Json = {name: getattr(line, name) for name in _SUMMED}
    return {**sums, "points": line.points, "rebounds": line.rebounds}


def _statistics(sums: Json, played: str, plus_minus: int, digits: int) -> Json:
    return {
        "minutes": played,
        "fieldGoalsMade": sums["fgm"],
        "fieldGoalsAttempted": sums["fga"],
        "fieldGoalsPercentage": percentage(sums["fgm"], sums["fga"], digits),
        "threePointersMade": sums["fg3m"],
        "threePointersAttempted": sums["fg3a"],
        "threePointersPercentage": percentage(sums["fg3m"], sums["fg3a"], digits),
        "freeThrowsMade": sums["ftm"],
        "freeThrowsAttempted": sums["fta"],
        "freeThrowsPercentage": percentage(sums["ftm"], sums["fta"], digits),
        "reboundsOffensive": sums["oreb"],
        "reboundsDefensive": sums["dreb"],
        "reboundsTotal": sums["rebounds"],
        "assists": sums["ast"],
        "steals": sums["stl"],
        "blocks": sums["blk"],
        "turnovers": sums["tov"],
        "foulsPersonal": sums["pf"],
        "points": sums["points"],
        "plusMinusPoints": float(plus_minus),
    }


def _older_player(
    game: Game, side: Side, player: Player, line: Line | None, digits: int
) -> list[Any]:
    team = side.team
    who = [game.game_id, team.team_id, team.tricode, team.city, player.person_id, player.name,
           player.given, ""]  # fmt: skip
    if line is None:
        return [*who, "DNP - Coach's Decision", None, *[None] * len(_STATISTICS)]
    return [*who, "", minutes(line.seconds), *_older(_sums(line), line.plus_minus, digits)]


def _older_team(game: Game, side: Side, digits: int) -> list[Any]:
    team, sums = side.team, total(side)
    played = minutes(sums["seconds"])
    return [game.game_id, team.team_id, team.nickname, team.tricode, team.city, played,
            *_older(sums, 0, digits)]  # fmt: skip


def _older(sums: Json, plus_minus: int, digits: int) -> list[Any]:
    *rest, turnovers, fouls = _in_schedule(sums, digits)
    return [*rest, turnovers, fouls, sums["points"], float(plus_minus)]
