"""A small gold layer, as gold-analytics writes it: two seasons, four players, two teams."""

from __future__ import annotations

from typing import Any

LAKERS = {"team_id": 1610612747, "tricode": "LAL", "city": "Los Angeles", "nickname": "Lakers"}
SONICS = {"team_id": 1610612760, "tricode": "SEA", "city": "Seattle", "nickname": "SuperSonics"}
THUNDER = SONICS | {"tricode": "OKC", "city": "Oklahoma City", "nickname": "Thunder"}
JAMES, JOKIC, OLDER, YOUNGER = 2544, 203999, 101, 102
NAMES = {JAMES: "LeBron James", JOKIC: "Nikola Jokić", OLDER: "Jaren Lowe", YOUNGER: "Jaren Lowe"}
SEASONS = ("2023-24", "2024-25")
PLAYED = {
    "2023-24": {JAMES: LAKERS, OLDER: SONICS},
    "2024-25": {JAMES: LAKERS, JOKIC: THUNDER, YOUNGER: THUNDER},
}
DAY = "2024-11-15"


def stats(points: int) -> dict[str, Any]:
    return {
        "games_played": 2,
        "totals": {"points": points, "seconds": 4131},
        "averages": {"points": points / 2, "minutes": 34.425},
        "percentages": {"field_goals": 0.5, "three_pointers": None},
    }


def player_season(player: int, season: str, points: int = 51) -> dict[str, Any]:
    return {
        "resource_uri": f"player_season/{season}/{player}",
        "schema_version": "1.0",
        "player_id": player,
        "name": NAMES[player],
        "season": season,
        "first_date": f"{season[:4]}-10-22",
        "last_date": f"{season[:4]}-11-15",
        "teams": [PLAYED[season][player] | {"games_played": 2}],
        "stats": stats(points),
        "other_season_types": {},
    }


def team_season(team: dict[str, Any], season: str) -> dict[str, Any]:
    return team | {
        "resource_uri": f"team_season/{season}/{team['team_id']}",
        "schema_version": "1.0",
        "season": season,
        "first_date": f"{season[:4]}-10-22",
        "last_date": f"{season[:4]}-11-15",
        "players": [_listed(player) for player, of in PLAYED[season].items() if of == team],
        "stats": stats(204),
        "other_season_types": {"playoffs": stats(99)},
    }


def player_daily(player: int) -> dict[str, Any]:
    game = {"game_id": "0022400001", "season_type": "regular", "home": False, "won": True}
    return {
        "resource_uri": f"player_daily/{DAY}/{player}",
        "schema_version": "1.0",
        "player_id": player,
        "name": NAMES[player],
        "season": "2024-25",
        "date": DAY,
        "games": [game | {"started": True, "team": LAKERS, "opponent": THUNDER}],
        "stats": stats(30),
    }


def team_daily(team: dict[str, Any]) -> dict[str, Any]:
    game = {"game_id": "0022400001", "season_type": "regular", "home": False, "won": True}
    return team | {
        "resource_uri": f"team_daily/{DAY}/{team['team_id']}",
        "schema_version": "1.0",
        "season": "2024-25",
        "date": DAY,
        "games": [game | {"points": 110, "points_allowed": 99, "opponent": THUNDER}],
        "stats": stats(110),
    }


def index() -> dict[str, Any]:
    seasons = {season: _season(season) for season in SEASONS}
    return {
        "resource_uri": "index/latest",
        "schema_version": "1.0",
        "latest_date": DAY,
        "latest_season": SEASONS[-1],
        "counts": {"seasons": 2, "dates": 2, "games": 2, "players": 4, "teams": 2},
        "seasons": seasons,
    }


def objects() -> dict[str, Any]:
    """All of them, by key."""
    made = [index(), player_daily(JAMES), team_daily(LAKERS)]
    for season, players in PLAYED.items():
        made += [player_season(player, season) for player in players]
        teams = {team["team_id"]: team for team in players.values()}
        made += [team_season(team, season) for team in teams.values()]
    return {f"{each['resource_uri']}.json": each for each in made}


def _listed(player: int) -> dict[str, Any]:
    return {"player_id": player, "name": NAMES[player], "games_played": 2}


def _season(season: str) -> dict[str, Any]:
    players = sorted(PLAYED[season])
    teams = {team["team_id"]: team for team in PLAYED[season].values()}
    return {
        "first_date": f"{season[:4]}-10-22",
        "last_date": f"{season[:4]}-11-15",
        "games": 1,
        "dates": [f"{season[:4]}-11-15"],
        "players": [
            _listed(player) | {"team_ids": [PLAYED[season][player]["team_id"]]}
            for player in players
        ],
        "teams": [teams[each] | {"games_played": 2} for each in sorted(teams)],
    }
