"""What the tools take."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mcp_server.artifacts import is_season

_MAX_NAME = 100
_MAX_URI = 1000


def _season(text: str) -> str:
    if not is_season(text):
        raise ValueError("must be a season such as 2024-25")
    return text


type Name = Annotated[str, Field(min_length=1, max_length=_MAX_NAME)]
type Season = Annotated[
    str, AfterValidator(_season), Field(description="Such as 2024-25; the latest if not given.")
]


class Arguments(BaseModel):
    """Unknown arguments are refused: a misspelt one would give another answer than was asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlayerSeasonArguments(Arguments):
    """Whose season, and which."""

    player_name: Name = Field(
        description="The full name, in any case, with accents or without; or the player's id."
    )
    season: Season | None = None


class TeamArguments(Arguments):
    """Which team's season, and which."""

    team_name: Name = Field(
        description="The team's name, city, nickname or abbreviation (LAL), or its id."
    )
    season: Season | None = None


class PlayersArguments(Arguments):
    """Which players to list."""

    team: Name | None = Field(None, description="Only of this team; see get_team_stats.")
    season: Season | None = None
    cursor: Annotated[str, Field(max_length=_MAX_URI)] | None = Field(
        None, description="next_cursor of the answer before, for those after them."
    )


class ArtifactArguments(Arguments):
    """Which artefact to read."""

    resource_uri: Annotated[str, Field(max_length=_MAX_URI)] = Field(
        description="player_daily/<date>/<player id>, team_daily/<date>/<team id>, "
        "player_season/<season>/<player id>, team_season/<season>/<team id> or index/latest.",
        examples=["player_daily/2024-11-15/2544"],
    )


class NoArguments(Arguments):
    """Nothing."""
