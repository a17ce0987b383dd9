"""What gold has and the tools answer, for output schemas and the resource `data-schema`.

images/gold-analytics describes these objects; its `schema_version` is 1.x here. Models are built
when the first is needed: a start needs none.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

type Uri = Annotated[str, Field(description="For get_artifact.")]
type SeasonLabel = Annotated[str, Field(description="Such as 2024-25.")]
type Day = Annotated[str, Field(description="Such as 2024-11-15.")]
type Version = Annotated[str, Field(pattern=r"^1\.")]


class Gold(BaseModel):
    """Something in gold. A later 1.x may add fields."""

    model_config = ConfigDict(defer_build=True, extra="allow")


class Stats(Gold):
    """Sums over games, and what follows from them."""

    games_played: int = Field(description="A player's: those with time on the floor.")
    totals: dict[str, int] = Field(description="Whole numbers; time in seconds.")
    averages: dict[str, float] = Field(description="Totals by games played; time in minutes.")
    percentages: dict[str, float | None] = Field(
        description="Made by attempted, 0 to 1; null without an attempt."
    )


class TeamName(Gold):
    """A team."""

    team_id: int
    tricode: str
    city: str
    nickname: str


class PlayersTeam(TeamName):
    """A team that a player played for."""

    games_played: int


class TeamsPlayer(Gold):
    """A player of a team."""

    player_id: int
    name: str
    games_played: int


class Game(Gold):
    """One game, from one side."""

    game_id: str
    season_type: str = Field(description="regular, playoffs, preseason and so on.")
    home: bool | None = Field(description="Null where the source does not say who was at home.")
    won: bool
    opponent: TeamName


class PlayerDaily(Gold):
    """A player's day."""

    resource_uri: Uri
    schema_version: Version
    player_id: int
    name: str
    season: SeasonLabel
    date: Day
    games: list[Game]
    stats: Stats


class PlayerSeason(Gold):
    """A player's season so far."""

    resource_uri: Uri
    schema_version: Version
    player_id: int
    name: str
    season: SeasonLabel
    first_date: Day
    last_date: Day
    teams: list[PlayersTeam] = Field(description="The last one played for comes last.")
    stats: Stats = Field(description="Of the regular season.")
    other_season_types: dict[str, Stats]


class TeamDaily(TeamName):
    """A team's day."""

    resource_uri: Uri
    schema_version: Version
    season: SeasonLabel
    date: Day
    games: list[Game]
    stats: Stats


class TeamSeason(TeamName):
    """A team's season so far."""

    resource_uri: Uri
    schema_version: Version
    season: SeasonLabel
    first_date: Day
    last_date: Day
    players: list[TeamsPlayer]
    stats: Stats = Field(description="Of the regular season.")
    other_season_types: dict[str, Stats]


class IndexPlayer(TeamsPlayer):
    """A player of a season."""

    team_ids: list[int] = Field(description="The last team last.")


class IndexSeason(Gold):
    """What there is of a season."""

    first_date: Day
    last_date: Day
    games: int
    dates: list[Day]
    players: list[IndexPlayer]
    teams: list[PlayersTeam]


class LakeIndex(Gold):
    """Everything that there is."""

    resource_uri: Uri
    schema_version: Version
    latest_date: Day | None
    latest_season: SeasonLabel | None
    counts: dict[str, int]
    seasons: dict[SeasonLabel, IndexSeason]


class Artifact(BaseModel):
    """One artefact."""

    model_config = ConfigDict(defer_build=True)

    resource_uri: str
    artifact: PlayerDaily | PlayerSeason | TeamDaily | TeamSeason | LakeIndex


class ListedPlayer(BaseModel):
    """A player, and when they played."""

    model_config = ConfigDict(defer_build=True)

    player_id: int
    name: str
    seasons: list[SeasonLabel] = Field(description="The latest first.")


class Players(BaseModel):
    """Some of the players."""

    model_config = ConfigDict(defer_build=True)

    season: str | None = Field(description="The season that they are of, if one was asked for.")
    team: str | None = Field(description="The team that they are of, if one was asked for.")
    count: int = Field(description="How many there are on all pages.")
    players: list[ListedPlayer]
    next_cursor: str | None = Field(description="For those after them; null at the end.")


KINDS: Final[dict[str, type[BaseModel]]] = {
    "player_daily": PlayerDaily,
    "player_season": PlayerSeason,
    "team_daily": TeamDaily,
    "team_season": TeamSeason,
}


def schema() -> dict[str, Any]:
    """JSON Schema of the artefacts, by kind."""
    models: dict[str, type[BaseModel]] = {**KINDS, "index": LakeIndex}
    return {kind: model.model_json_schema(mode="serialization") for kind, model in models.items()}
