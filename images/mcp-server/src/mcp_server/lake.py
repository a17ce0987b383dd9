"""The gold layer as questions ask for it. What gold's JSON looks like is known here alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from mcp_server import artifacts
from mcp_server.answers import KINDS, LakeIndex
from mcp_server.artifacts import Artifact
from mcp_server.errors import ToolError
from mcp_server.index import Index, Player, Team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from mcp_server.gold import Gold

# Seconds for which a name is looked up in the index without asking S3 whether it changed.
INDEX_SECONDS: Final = 60
_INDEX_KEY: Final = f"{artifacts.INDEX}.json"


class _Read(NamedTuple):
    raw: dict[str, Any]
    everyone: Index


class Lake:
    """Players, teams and artefacts, read when they are asked for."""

    def __init__(self, gold: Gold) -> None:
        """Answer from this bucket."""
        self._gold = gold

    def index(self, *, seconds: float = INDEX_SECONDS) -> Index:
        """Who is there.

        Args:
            seconds: How old what is known may be.

        Raises:
            ToolError: Nothing is there yet.
        """
        return self._read_index(seconds).everyone

    def raw_index(self) -> dict[str, Any]:
        """The index as it is in the bucket.

        Raises:
            ToolError: Nothing is there yet.
        """
        return self._read_index(0).raw

    def player(self, name: str, season: str | None) -> tuple[Player, str]:
        """A player and the season that is meant.

        Raises:
            ToolError: There is none; asked of the index as it is, not as it was a minute ago.
        """
        return self._found(
            lambda index: (player := index.player(name, season), index.season(player, season))
        )

    def team(self, name: str, season: str | None) -> tuple[Team, str]:
        """A team and the season that is meant.

        Raises:
            ToolError: As `player`.
        """
        return self._found(lambda index: (team := index.team(name), index.season(team, season)))

    def _found[T](self, find: Callable[[Index], T]) -> T:
        try:
            return find(self.index())
        except ToolError:
            return find(self.index(seconds=0))

    def artifact(self, artifact: Artifact) -> dict[str, Any] | None:
        """An artefact as it is in the bucket; None when there is none."""
        return self._gold.current(artifact.key, _ARTIFACTS[artifact.kind])

    def season_artifacts(self) -> Iterator[tuple[Artifact, str]]:
        """Every season of every player and team, with their names; none before the first day."""
        index = self._everyone()
        for kind, everyone in (("player_season", index.players), ("team_season", index.teams)):
            for each in everyone:
                identity = each.player_id if isinstance(each, Player) else each.team_id
                for season in each.seasons:
                    yield Artifact(kind, season, identity), each.name

    def players_overview(self) -> dict[str, Any]:
        """Every player, for a resource; nobody before the first day."""
        return {"players": [described(player) for player in self._everyone().players]}

    def teams_overview(self) -> dict[str, Any]:
        """Every team, for a resource; none before the first day."""
        return {"teams": [described_team(team) for team in self._everyone().teams]}

    def _everyone(self) -> Index:
        try:
            return self.index(seconds=0)
        except ToolError:
            return Index((), ())

    def _read_index(self, seconds: float) -> _Read:
        found = self._gold.current(_INDEX_KEY, _index, seconds=seconds)
        if found is None:
            raise ToolError("There are no statistics yet: the gold layer has no index.")
        return found


def described(player: Player) -> dict[str, Any]:
    """A player, for a list."""
    return {
        "player_id": player.player_id,
        "name": player.name,
        "seasons": list(player.seasons),
    }


def described_team(team: Team) -> dict[str, Any]:
    """A team, for a list."""
    return {
        "team_id": team.team_id,
        "name": team.name,
        "abbreviation": team.abbreviation,
        "seasons": list(team.seasons),
    }


def _of(model: type[BaseModel]) -> Callable[[Any], dict[str, Any]]:
    """What checks an object once, when it is read, and keeps it as it is."""

    def checked(value: Any) -> dict[str, Any]:
        model.model_validate(value)
        return cast("dict[str, Any]", value)

    return checked


_ARTIFACTS: Final = {kind: _of(model) for kind, model in KINDS.items()}


def _index(value: Any) -> _Read:
    raw = _of(LakeIndex)(value)
    # From the oldest season on, so that names are those of the latest.
    rows = sorted(raw["seasons"].items())
    teams: dict[int, Team] = {}
    players: dict[int, Player] = {}
    for season, found in rows:
        for row in found["teams"]:
            teams[row["team_id"]] = _team(row, season, teams.get(row["team_id"]))
        for row in found["players"]:
            players[row["player_id"]] = _player(row, season, players.get(row["player_id"]))
    return _Read(raw, Index(tuple(players.values()), tuple(teams.values())))


def _player(row: dict[str, Any], season: str, before: Player | None) -> Player:
    teams = before.teams if before else {}
    return Player(row["player_id"], row["name"], {**teams, season: tuple(row["team_ids"])})


def _team(row: dict[str, Any], season: str, before: Team | None) -> Team:
    city, nickname = row["city"], row["nickname"]
    seasons = (season, *(before.seasons if before else ()))
    # Teams move and change their names: they are found by the old ones too.
    aliases = {city, nickname, *((before.name, *before.aliases) if before else ())}
    name = f"{city} {nickname}"
    return Team(row["team_id"], name, row["tricode"], tuple(sorted(aliases)), seasons)
