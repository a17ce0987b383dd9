"""A game's box score as it was recorded, in the shape of today.

msgspec decodes and checks it in one pass: a field that is missing or of another type is an error
that names its path. Fields that are not named here are passed over.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from silver_processing import older_box_scores
from silver_processing.refusal import Fault, Refused

type Count = Annotated[int, msgspec.Meta(ge=0, le=1000)]
type Id = Annotated[int, msgspec.Meta(gt=0)]


class Statistics(msgspec.Struct, rename="camel", gc=False):
    """A player's line. `minutes` is empty for who did not play."""

    minutes: str
    points: Count
    field_goals_made: Count
    field_goals_attempted: Count
    three_pointers_made: Count
    three_pointers_attempted: Count
    free_throws_made: Count
    free_throws_attempted: Count
    rebounds_offensive: Count
    rebounds_defensive: Count
    rebounds_total: Count
    assists: Count
    steals: Count
    blocks: Count
    turnovers: Count
    fouls_personal: Count
    plus_minus_points: Annotated[float, msgspec.Meta(ge=-1000, le=1000, multiple_of=1)]


class Player(msgspec.Struct, rename="camel", gc=False):
    """Someone on the roster. Starters have a position."""

    person_id: Id
    first_name: str
    family_name: str
    statistics: Statistics
    position: str = ""
    comment: str = ""


class Team(msgspec.Struct, rename="camel", gc=False):
    """One side of a game."""

    team_id: Id
    team_city: str
    team_name: str
    team_tricode: str
    players: list[Player]


class BoxScore(msgspec.Struct, rename="camel", gc=False):
    """A game. In the older shape, home and away are whichever came first."""

    game_id: str
    home_team: Team
    away_team: Team


class _Document(msgspec.Struct, rename="camel"):
    box_score_traditional: BoxScore | None = None
    result_sets: list[older_box_scores.Table] | None = None


_DECODER: Final = msgspec.json.Decoder(_Document)


def parse(body: bytes, game_id: str) -> BoxScore:
    """The box score in either shape.

    Raises:
        Refused: It has neither, or is of another game.
    """
    try:
        document = _DECODER.decode(body)
        box = document.box_score_traditional
        if box is None and document.result_sets is not None:
            box = msgspec.convert(older_box_scores.modern(document.result_sets), BoxScore)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The message has a path and types, and no value.
        raise Refused(_fault(error), f"game {game_id}: {error}") from None
    if box is None:
        text = "neither boxScoreTraditional nor resultSets"
        raise Refused("schema_change", f"game {game_id}: there is {text}")
    if box.game_id != game_id:
        raise Refused("data_quality", f"game {game_id}: it is of another game")
    return box


def _fault(error: Exception) -> Fault:
    """A value outside its limits is of the right shape."""
    limits = ("` >= ", "` <= ", "` > ", "multiple of")
    return "data_quality" if any(text in str(error) for text in limits) else "schema_change"


def teams(box: BoxScore) -> tuple[Team, Team]:
    """Both sides, in ascending order of their ids."""
    home, away = box.home_team, box.away_team
    return (home, away) if home.team_id < away.team_id else (away, home)
