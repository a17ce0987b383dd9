"""The server's offer: five tools and the lake's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mcp_server import answers, artifacts, paging
from mcp_server.arguments import (
    ArtifactArguments,
    NoArguments,
    PlayersArguments,
    PlayerSeasonArguments,
    TeamArguments,
)
from mcp_server.artifacts import Artifact
from mcp_server.errors import ToolError
from mcp_server.lake import Lake, described
from mcp_server.offer import Offer, OfferedTool
from mcp_server.resources import LakeResources

if TYPE_CHECKING:
    from mcp_server.gold import Gold
    from mcp_server.index import Player

VERSION: Final = "0.1.0"
_PAGE: Final = 100  # players
_MINUTES: Final = 60_000  # milliseconds
_INSTRUCTIONS: Final = (
    "Statistics of basketball players and teams, from real box scores. Ask for a season of a "
    "player or a team by name; list_available_players tells who there is. get_index names every "
    "artefact, and get_artifact reads one, such as the games of a day. What is not there is said "
    "so: nothing is estimated."
)


class _Tools:
    """What the tools do."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def player_season(self, asked: PlayerSeasonArguments) -> dict[str, Any]:
        player, season = self._lake.player(asked.player_name, asked.season)
        return self._read(Artifact("player_season", season, player.player_id))

    def team_season(self, asked: TeamArguments) -> dict[str, Any]:
        team, season = self._lake.team(asked.team_name, asked.season)
        return self._read(Artifact("team_season", season, team.team_id))

    def players(self, asked: PlayersArguments) -> dict[str, Any]:
        found, season, team = self._players(asked)
        # By id, in as many digits: names are not unique, and cursors follow the order of text.
        ids = [f"{player.player_id:012d}" for player in found]
        try:
            page = paging.page(found, ids, asked.cursor, _PAGE)
        except paging.BadCursor as problem:
            raise ToolError(str(problem)) from None
        return {
            "season": season,
            "team": team,
            "count": len(found),
            "players": [described(player) for player in page.items],
            "next_cursor": page.cursor,
        }

    def _players(self, asked: PlayersArguments) -> tuple[list[Player], str | None, str | None]:
        index = self._lake.index(seconds=0)
        season, name = asked.season, None
        if season is not None and season not in index.seasons:
            there = ", ".join(index.seasons)
            raise ToolError(f"There are no statistics of {season}, but of: {there}.")
        found = list(index.players)
        if asked.team is not None:
            team = index.team(asked.team)
            season, name = index.season(team, season), team.name
            found = [each for each in found if team.team_id in each.teams.get(season, ())]
        elif season is not None:
            found = [each for each in found if season in each.teams]
        return sorted(found, key=lambda player: player.player_id), season, name

    def index(self, _: NoArguments) -> dict[str, Any]:
        return self._lake.raw_index()

    def artifact(self, asked: ArtifactArguments) -> dict[str, Any]:
        artifact = artifacts.parse(asked.resource_uri)
        if artifact is None:
            return {"resource_uri": artifacts.INDEX, "artifact": self._lake.raw_index()}
        return {"resource_uri": artifact.uri, "artifact": self._read(artifact)}

    def _read(self, artifact: Artifact) -> dict[str, Any]:
        found = self._lake.artifact(artifact)
        if found is None:
            raise ToolError(f"There is no artefact {artifact.uri}: {self._instead(artifact)}.")
        return found

    def _instead(self, artifact: Artifact) -> str:
        """Why something is not there: the day may be one that gold has not, or not yet."""
        if artifacts.KINDS[artifact.kind] != "date":
            return "see get_index"
        index = self._lake.raw_index()
        if any(artifact.period in season["dates"] for season in index["seasons"].values()):
            return "nobody of this id played then"
        latest = index["latest_date"]
        return "there is nothing of that day" + (f"; the latest date is {latest}" if latest else "")


def basketball(gold: Gold) -> Offer:
    """The server's offer, answered from a gold bucket."""
    lake = Lake(gold)
    tools = _offered(_Tools(lake))
    return Offer(
        name="hoopstat",
        version=VERSION,
        title="Basketball statistics",
        instructions=_INSTRUCTIONS,
        tools={tool.name: tool for tool in tools},
        resources=LakeResources(lake, answers.schema),
        cache_ms={
            "tools/list": 60 * _MINUTES,
            "resources/templates/list": 60 * _MINUTES,
            "resources/list": _MINUTES,
            "resources/read": _MINUTES,
        },
    )


def _offered(tools: _Tools) -> tuple[OfferedTool, ...]:
    return (
        OfferedTool(
            "get_player_season_stats",
            "A player's season",
            "Totals and averages of one player in one season.",
            PlayerSeasonArguments,
            answers.PlayerSeason,
            tools.player_season,
        ),
        OfferedTool(
            "get_team_stats",
            "A team's season",
            "Totals, averages and record of one team in one season.",
            TeamArguments,
            answers.TeamSeason,
            tools.team_season,
        ),
        OfferedTool(
            "list_available_players",
            "Players",
            "Who there are statistics of; of one team or one season if asked so.",
            PlayersArguments,
            answers.Players,
            tools.players,
        ),
        OfferedTool(
            "get_index",
            "Index",
            "Every season, player and team that there are artefacts of.",
            NoArguments,
            answers.LakeIndex,
            tools.index,
        ),
        OfferedTool(
            "get_artifact",
            "An artefact",
            "One artefact as the lake has it, such as a player's game of one day.",
            ArtifactArguments,
            answers.Artifact,
            tools.artifact,
        ),
    )
