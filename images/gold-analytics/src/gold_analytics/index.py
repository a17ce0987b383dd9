"""The index: what there is, so that nobody needs to list the bucket."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gold_analytics import artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gold_analytics.days import Day

URI: Final = "index/latest"

type Json = dict[str, Any]


def with_season(
    current: bytes, season: str, days: Sequence[Day], sources: Mapping[str, str]
) -> bytes:
    """The index with a season as it is now.

    Args:
        current: The index so far; empty when there is none.
        season: The season.
        days: Its days, ascending.
        sources: The ETags of silver's files by date.
    """
    seasons: dict[str, Json] = msgspec.json.decode(current)["seasons"] if current else {}
    played = [day for day in days if day.outings]
    if played:
        seasons[season] = _season(played, sources)
    else:
        seasons.pop(season, None)
    seasons = dict(sorted(seasons.items()))
    latest = max((each["last_date"] for each in seasons.values()), default=None)
    content = {
        "latest_date": latest,
        "latest_season": max(seasons, default=None),
        "counts": _counts(seasons),
        "seasons": seasons,
    }
    return artifacts.encoded(URI, content)


def _season(days: Sequence[Day], sources: Mapping[str, str]) -> Json:
    return {
        "first_date": days[0].date,
        "last_date": days[-1].date,
        "games": len({each.game_id for day in days for each in day.outings}),
        "dates": [day.date for day in days],
        "players": _players(days),
        "teams": _teams(days),
        "sources": hashlib.sha256(msgspec.json.encode(sources)).hexdigest(),
    }


def _players(days: Sequence[Day]) -> list[Json]:
    everybody = (each for day in days for each in day.appearances)
    return [
        {
            "player_id": player_id,
            "name": games[-1].name,
            "team_ids": artifacts.last_last(games),
            "games_played": artifacts.regular(games),
        }
        for player_id, games in artifacts.by(everybody, "player_id").items()
    ]


def _teams(days: Sequence[Day]) -> list[Json]:
    teams = artifacts.latest_teams(days)
    outings = (each for day in days for each in day.outings)
    return [
        {**teams[team_id]._asdict(), "games_played": artifacts.regular(games)}
        for team_id, games in artifacts.by(outings, "team_id").items()
    ]


def _counts(seasons: Mapping[str, Json]) -> Json:
    def different(kind: str, name: str) -> int:
        return len({one[name] for each in seasons.values() for one in each[kind]})

    return {
        "seasons": len(seasons),
        "dates": sum(len(each["dates"]) for each in seasons.values()),
        "games": sum(each["games"] for each in seasons.values()),
        "players": different("players", "player_id"),
        "teams": different("teams", "team_id"),
    }
