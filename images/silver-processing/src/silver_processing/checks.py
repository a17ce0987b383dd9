"""What must hold of rows before they are anybody's truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from silver_processing.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MOST: Final = 1000  # of anything in one game
_COUNTS: Final = (
    "points", "field_goals_made", "field_goals_attempted", "three_pointers_made",
    "three_pointers_attempted", "free_throws_made", "free_throws_attempted",
    "offensive_rebounds", "defensive_rebounds", "rebounds", "assists", "steals", "blocks",
    "turnovers", "fouls",
)  # fmt: skip

type _Columns = Mapping[str, Sequence[Any]]


def people(columns: _Columns) -> None:
    """Nobody is in a game twice, and everybody has a name.

    Raises:
        Refused: Not so.
    """
    games, ids = columns["game_id"], columns["player_id"]
    if len(set(zip(games, ids, strict=True))) != len(ids):
        seen: set[tuple[str, int]] = set()
        twice = [key in seen or seen.add(key) for key in zip(games, ids, strict=True)]
        _refuse(columns, twice, "is there twice")
    if not all(columns["player_name"]):
        _refuse(columns, [not name for name in columns["player_name"]], "has no name")
    if ids and min(ids) <= 0:
        _refuse(columns, [each <= 0 for each in ids], "has an id that is not above 0")


def lines(columns: _Columns) -> None:
    """Statistics are possible, and those of who did not play are nought.

    Raises:
        Refused: Not so.
    """
    for name in _COUNTS:
        values = columns[name]
        if min(values) < 0 or max(values) > _MOST:
            wrong = [not 0 <= value <= _MOST for value in values]
            _refuse(columns, wrong, f"{name} is not from 0 to {_MOST}")
    _whole_plus_minus(columns)
    _times(columns)
    _shots(columns)


def _whole_plus_minus(columns: _Columns) -> None:
    values = columns["plus_minus"]
    if not all(map(float.is_integer, values)) or max(map(abs, values)) > _MOST:
        wrong = [not value.is_integer() or abs(value) > _MOST for value in values]
        _refuse(columns, wrong, f"plus_minus is not a whole number up to {_MOST}")


def _times(columns: _Columns) -> None:
    played, seconds = columns["played"], columns["seconds"]
    wrong = [was and time is None for was, time in zip(played, seconds, strict=True)]
    if any(wrong):
        _refuse(columns, wrong, "has minutes that are not of the form 34:12")
    idle = [row for row, was in enumerate(played) if not was]
    busy = {row for name in _COUNTS for row in idle if columns[name][row]}
    if busy:
        wrong = [row in busy for row in range(len(played))]
        _refuse(columns, wrong, "has statistics without minutes")


def _shots(columns: _Columns) -> None:
    kinds = ("field_goals", "three_pointers", "free_throws")
    for kind in kinds:
        made, attempted = columns[f"{kind}_made"], columns[f"{kind}_attempted"]
        more = [m > a for m, a in zip(made, attempted, strict=True)]
        if any(more):
            _refuse(columns, more, f"made more {kind} than it attempted")
    goals, threes, free = (columns[f"{kind}_made"] for kind in kinds)
    points = columns["points"]
    if list(points) != [2 * g + t + f for g, t, f in zip(goals, threes, free, strict=True)]:
        wrong = [
            p != 2 * g + t + f for p, g, t, f in zip(points, goals, threes, free, strict=True)
        ]
        _refuse(columns, wrong, "points are not those of its shots")
    ends = zip(columns["offensive_rebounds"], columns["defensive_rebounds"], strict=True)
    wrong = [r != sum(both) for r, both in zip(columns["rebounds"], ends, strict=True)]
    if any(wrong):
        _refuse(columns, wrong, "rebounds do not add up")


def _refuse(columns: _Columns, wrong: Iterable[object], what: str) -> None:
    rows = [row for row, is_wrong in enumerate(wrong) if is_wrong]
    games, ids = columns["game_id"], columns["player_id"]
    issues = [f"game {games[row]}: player {ids[row]} {what}" for row in rows]
    raise Refused("data_quality", *issues)
