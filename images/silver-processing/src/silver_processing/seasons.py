"""What a game's id says: `0022400001` is the first regular game of 2024-25."""

from __future__ import annotations

from typing import Final

from silver_processing.refusal import Refused

_TYPES: Final = {
    "1": "preseason",
    "2": "regular",
    "3": "all_star",
    "4": "playoffs",
    "5": "play_in",
    "6": "cup_final",
}
_FIRST_YEAR: Final = 46  # the league began in 1946; 45 is 2045
_DIGITS: Final = 10


def season(game_id: str) -> str:
    """The season's label: `2024-25`.

    Raises:
        Refused: It is not a game's id.
    """
    if len(game_id) != _DIGITS or not (game_id.isascii() and game_id.isdigit()):
        raise Refused("data_quality", "a game's id has not ten digits")
    year = int(game_id[3:5])
    return f"{(19 if year >= _FIRST_YEAR else 20)}{year:02d}-{(year + 1) % 100:02d}"


def season_type(game_id: str) -> str:
    """What kind of game it was.

    Raises:
        Refused: There is no such kind.
    """
    kind = _TYPES.get(game_id[2])
    if kind is None:
        raise Refused("schema_change", f"game {game_id}: {game_id[2]} is no known type of season")
    return kind


def season_of_empty(day_text: str) -> str:
    """Where a day without games belongs: seasons are counted from July."""
    year, month = int(day_text[:4]), int(day_text[5:7])
    year -= month < 7  # noqa: PLR2004 - July
    return f"{year}-{(year + 1) % 100:02d}"
