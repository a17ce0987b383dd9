"""What must hold of rows before they are anybody's truth."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from silver_processing.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_COUNTS: Final = (
    "points", "field_goals_attempted", "free_throws_attempted", "rebounds", "assists", "steals",
    "blocks", "turnovers", "fouls", "plus_minus",
)  # fmt: skip
_MOST_SECONDS: Final = 4 * 3600

type _Columns = Mapping[str, Sequence[Any]]


def people(columns: _Columns) -> None:
    """Nobody is in a game twice, and everybody has a name.

    Raises:
        Refused: Not so.
    """
    games, ids = columns["game_id"], columns["player_id"]
    if len(set(zip(games, ids, strict=True))) != len(ids):
        found = Counter(zip(games, ids, strict=True))
        twice = [found[key] > 1 for key in zip(games, ids, strict=True)]
        _refuse(columns, twice, "is there twice")
    if not all(columns["player_name"]):
        _refuse(columns, [not name for name in columns["player_name"]], "has no name")


def lines(columns: _Columns) -> None:
    """Statistics are possible, and those of who did not play are nought.

    Raises:
        Refused: Not so.
    """
    _shots(columns)
    seconds = columns["seconds"]
    wrong = [not 0 <= time <= _MOST_SECONDS for time in seconds]
    if any(wrong):
        _refuse(columns, wrong, "has minutes that are not of the form 34:12, or too many")
    idle = [row for row, played in enumerate(columns["played"]) if not played]
    busy = {row for name in _COUNTS for row in idle if columns[name][row]}
    if busy:
        _refuse(columns, [row in busy for row in range(len(seconds))], "counts without minutes")


def _shots(columns: _Columns) -> None:
    kinds = ("field_goals", "three_pointers", "free_throws")
    for kind in kinds:
        made, attempted = columns[f"{kind}_made"], columns[f"{kind}_attempted"]
        more = [m > a for m, a in zip(made, attempted, strict=True)]
        if any(more):
            _refuse(columns, more, f"made more {kind} than it attempted")
    goals, threes, free = (columns[f"{kind}_made"] for kind in kinds)
    points = columns["points"]
    if points != [2 * g + t + f for g, t, f in zip(goals, threes, free, strict=True)]:
        wrong = [p != 2 * g + t + f for p, g, t, f in zip(points, goals, threes, free, strict=True)]
        _refuse(columns, wrong, "points are not those of its shots")
    ends = columns["rebounds"], columns["offensive_rebounds"], columns["defensive_rebounds"]
    wrong = [r != o + d for r, o, d in zip(*ends, strict=True)]
    if any(wrong):
        _refuse(columns, wrong, "rebounds do not add up")


def _refuse(columns: _Columns, wrong: Iterable[object], what: str) -> None:
    rows = [row for row, is_wrong in enumerate(wrong) if is_wrong]
    games, ids = columns["game_id"], columns["player_id"]
    issues = [f"game {games[row]}: player {ids[row]} {what}" for row in rows]
    raise Refused("data_quality", *issues)
