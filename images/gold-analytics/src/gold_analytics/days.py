"""A day as silver has it: who was on the floor, and what each team did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNTS: Final = (
    "points", "rebounds", "offensive_rebounds", "defensive_rebounds", "assists", "steals",
    "blocks", "turnovers", "fouls", "field_goals_made", "field_goals_attempted",
    "three_pointers_made", "three_pointers_attempted", "free_throws_made",
    "free_throws_attempted", "seconds", "plus_minus",
)  # fmt: skip
_ABOUT: Final = (
    "game_id", "season_type", "team_id", "opponent_team_id", "home", "won", "player_id",
    "player_name", "started",
)  # fmt: skip
_NAMES: Final = ("team_id", "team_tricode", "team_city", "team_name")
_MAJOR: Final = "1."  # of silver's schema that is understood

type Counts = tuple[int, ...]


class SchemaChangedError(Exception):
    """Silver has another schema than this function knows; nothing is made of it."""


class Team(NamedTuple):
    """A team as it was called on a day. Its fields are gold's."""

    team_id: int
    tricode: str
    city: str
    nickname: str


class Appearance(NamedTuple):
    """A player's part in a game. `counts` are in the order of `COUNTS`."""

    game_id: str
    season_type: str
    team_id: int
    opponent_id: int
    home: bool | None
    won: bool
    player_id: int
    name: str
    started: bool
    counts: Counts


class Outing(NamedTuple):
    """A team's part in a game. `counts` end with the points allowed, in place of plus-minus."""

    game_id: str
    season_type: str
    team_id: int
    opponent_id: int
    home: bool | None
    won: bool
    counts: Counts


@dataclass(frozen=True, slots=True)
class Day:
    """A day's games.

    Attributes:
        date: As `2024-11-15`.
        appearances: Of who was on the floor, in order of game, team and player.
        outings: Of teams, in the same order.
        teams: By id.
    """

    date: str
    appearances: tuple[Appearance, ...]
    outings: tuple[Outing, ...]
    teams: dict[int, Team]


def read(date: str, body: bytes) -> Day:
    """A day out of its Parquet file.

    Raises:
        SchemaChangedError: It is no Parquet, or of another schema.
    """
    try:
        # One thread: for a file this small, dealing work out costs three times the work.
        file = pq.ParquetFile(pa.BufferReader(body))
        version = (file.metadata.metadata or {}).get(b"schema_version", b"").decode()
        if not version.startswith(_MAJOR):
            raise SchemaChangedError(f"{date}: schema version {version!r} is not {_MAJOR}x")
        wanted = list(dict.fromkeys((*_ABOUT, *_NAMES, "played", *COUNTS)))
        missing = sorted(set(wanted) - set(file.schema_arrow.names))
        if missing:
            raise SchemaChangedError(f"{date}: there is no column {', '.join(missing)}")
        table = file.read(columns=wanted, use_threads=False)
    except pa.ArrowInvalid:
        raise SchemaChangedError(f"{date}: it is no Parquet") from None
    columns = {name: table.column(name).to_pylist() for name in wanted}
    appearances = tuple(_appearances(columns))
    teams = {row[0]: Team(*row) for row in zip(*(columns[name] for name in _NAMES), strict=True)}
    return Day(date, appearances, tuple(_outings(appearances)), teams)


def total(counts: Iterable[Counts]) -> Counts:
    """Sums, place by place."""
    return tuple(map(sum, zip(*counts, strict=True)))


def _appearances(columns: dict[str, list[Any]]) -> Iterable[Appearance]:
    about = zip(*(columns[name] for name in _ABOUT), strict=True)
    counts = zip(*(columns[name] for name in COUNTS), strict=True)
    for played, one, line in zip(columns["played"], about, counts, strict=True):
        if played:
            yield Appearance._make((*one, line))


def _outings(appearances: Iterable[Appearance]) -> Iterable[Outing]:
    sides: dict[tuple[str, int], list[Appearance]] = {}
    for each in appearances:
        sides.setdefault((each.game_id, each.team_id), []).append(each)
    sums = {side: total(each.counts for each in own) for side, own in sides.items()}
    for (game_id, _), own in sides.items():
        first = own[0]
        allowed = sums[game_id, first.opponent_id][0]
        counts = (*sums[game_id, first.team_id][:-1], allowed)
        yield Outing(*first[:6], counts)
