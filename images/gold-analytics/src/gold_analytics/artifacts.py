"""Gold's objects by resource URI, made of days: see README.md for their shapes."""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gold_analytics import statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gold_analytics.days import Appearance, Day, Outing, Team

SCHEMA_VERSION: Final = "1.0"
"""The first number changes when readers must, the second when there is more to read."""

REGULAR: Final = "regular"

type Json = dict[str, Any]
type Artifacts = dict[str, bytes]
type _Game = Appearance | Outing


def encoded(uri: str, content: Json) -> bytes:
    """An object's bytes: the same for the same content."""
    return msgspec.json.encode({"resource_uri": uri, "schema_version": SCHEMA_VERSION, **content})


def of_day(season: str, day: Day) -> Artifacts:
    """`player_daily` and `team_daily` of a day."""
    made: Artifacts = {}
    when = {"season": season, "date": day.date}
    for player_id, games in by(day.appearances, "player_id").items():
        uri = f"player_daily/{day.date}/{player_id}"
        who = {"player_id": player_id, "name": games[-1].name, **when}
        played = [_player_game(each, day.teams) for each in games]
        stats = statistics.of_player(games)
        made[uri] = encoded(uri, {**who, "games": played, "stats": stats})
    for team_id, outings in by(day.outings, "team_id").items():
        uri = f"team_daily/{day.date}/{team_id}"
        team = {**day.teams[team_id]._asdict(), **when}
        results = [_team_game(each, day.teams) for each in outings]
        stats = statistics.of_team(outings)
        made[uri] = encoded(uri, {**team, "games": results, "stats": stats})
    return made


def of_season(season: str, days: Sequence[Day]) -> Artifacts:
    """`player_season` and `team_season` of a season, whose days are in ascending order."""
    teams = latest_teams(days)
    dates = {each.game_id: day.date for day in days for each in day.outings}
    everybody = [each for day in days for each in day.appearances]
    rosters = by(everybody, "team_id")
    made: Artifacts = {}
    for player_id, games in by(everybody, "player_id").items():
        uri = f"player_season/{season}/{player_id}"
        who = {"player_id": player_id, "name": games[-1].name, "season": season}
        own = {"teams": _teams(games, teams), **_by_type(games, statistics.of_player)}
        made[uri] = encoded(uri, {**who, **_span(games, dates), **own})
    for team_id, outings in by((o for day in days for o in day.outings), "team_id").items():
        uri = f"team_season/{season}/{team_id}"
        team = {**teams[team_id]._asdict(), "season": season}
        own = {"players": _roster(rosters[team_id]), **_by_type(outings, statistics.of_team)}
        made[uri] = encoded(uri, {**team, **_span(outings, dates), **own})
    return made


def latest_teams(days: Iterable[Day]) -> dict[int, Team]:
    """Each team as it was called last, by id."""
    return {team_id: team for day in days for team_id, team in day.teams.items()}


def last_last(games: Iterable[Appearance]) -> list[int]:
    """The teams that somebody played for, each once, the last one last."""
    order = dict.fromkeys(reversed([each.team_id for each in games]))
    return list(reversed(order))


def regular(games: Iterable[Any]) -> int:
    """How many of the games count in the league's tables."""
    return sum(each.season_type == REGULAR for each in games)


def by[G: (Appearance, Outing)](games: Iterable[G], name: str) -> dict[int, list[G]]:
    """Games by whose they are, in ascending order of ids."""
    found: dict[int, list[G]] = defaultdict(list)
    whose = attrgetter(name)
    for each in games:
        found[whose(each)].append(each)
    return dict(sorted(found.items()))


def _teams(games: Sequence[Appearance], teams: dict[int, Team]) -> list[Json]:
    counts = Counter(each.team_id for each in games)
    return [
        {**teams[team_id]._asdict(), "games_played": counts[team_id]}
        for team_id in last_last(games)
    ]


def _by_type(games: Sequence[Any], sums: Any) -> Json:
    kinds: dict[str, list[Any]] = defaultdict(list)
    for each in games:
        kinds[each.season_type].append(each)
    stats = sums(kinds.pop(REGULAR, []))
    others = {kind: sums(own) for kind, own in sorted(kinds.items())}
    return {"stats": stats, "other_season_types": others}


def _span(games: Sequence[_Game], dates: dict[str, str]) -> Json:
    return {"first_date": dates[games[0].game_id], "last_date": dates[games[-1].game_id]}


def _roster(games: Iterable[Appearance]) -> list[Json]:
    own = by(games, "player_id")
    roster = [
        {"player_id": player_id, "name": played[-1].name, "games_played": len(played)}
        for player_id, played in own.items()
    ]
    return sorted(roster, key=lambda player: (player["name"], player["player_id"]))


def _player_game(game: Appearance, teams: dict[int, Team]) -> Json:
    return {
        "game_id": game.game_id,
        "season_type": game.season_type,
        "home": game.home,
        "started": game.started,
        "won": game.won,
        "team": teams[game.team_id]._asdict(),
        "opponent": teams[game.opponent_id]._asdict(),
    }


def _team_game(game: Outing, teams: dict[int, Team]) -> Json:
    return {
        "game_id": game.game_id,
        "season_type": game.season_type,
        "home": game.home,
        "won": game.won,
        "points": game.counts[0],
        "points_allowed": game.counts[-1],
        "opponent": teams[game.opponent_id]._asdict(),
    }
