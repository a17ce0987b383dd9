"""Silver's table: its schema, and the bytes of a Parquet file.

The same rows give the same bytes: no time, no host and no order of arrival is in them. Other
versions of Arrow may write them differently, which is why files are not compared across releases
but by what they were made of.
"""

from __future__ import annotations

import array
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from datetime import date

    from silver_processing.rows import Columns

SCHEMA_VERSION: Final = "1.0"
"""The first number changes when readers must, the second when there is more to read."""

_TEXTS: Final = (
    "game_id", "season_type", "team_tricode", "team_city", "team_name", "player_name", "position",
    "comment",
)  # fmt: skip
_COUNTS: Final = (
    "points", "field_goals_made", "field_goals_attempted", "three_pointers_made",
    "three_pointers_attempted", "free_throws_made", "free_throws_attempted",
    "offensive_rebounds", "defensive_rebounds", "rebounds", "assists", "steals", "blocks",
    "turnovers", "fouls", "plus_minus",
)  # fmt: skip


def _field(name: str, kind: Any) -> Any:
    return pa.field(name, kind, nullable=False)


# `season` and `date` are in the path, as readers of partitioned data expect it.
FIELDS: Final = (
    _field("game_id", pa.string()), _field("game_date", pa.date32()),
    _field("season_type", pa.string()), _field("team_id", pa.int64()),
    _field("team_tricode", pa.string()), _field("team_city", pa.string()),
    _field("team_name", pa.string()), _field("opponent_team_id", pa.int64()),
    pa.field("home", pa.bool_()), _field("won", pa.bool_()),
    _field("player_id", pa.int64()), _field("player_name", pa.string()),
    _field("position", pa.string()), _field("started", pa.bool_()), _field("played", pa.bool_()),
    _field("comment", pa.string()), pa.field("seconds", pa.int32()),
    *(pa.field(name, pa.int16()) for name in _COUNTS),
)  # fmt: skip
_SCHEMA: Final = pa.schema(FIELDS)


# Null for who did not play: type codes of their machine numbers.
_OF_PLAYERS: Final = {"seconds": "i"} | dict.fromkeys(_COUNTS, "h")
_ENCODING: Final = {
    field.name: "DELTA_BINARY_PACKED"
    for field in FIELDS
    if pa.types.is_integer(field.type) or pa.types.is_date(field.type)
}


def key(season: str, day: date) -> str:
    """Where a day's file is."""
    return f"season={season}/date={day}/player_games.parquet"


def parquet(columns: Columns, season: str, day: date) -> bytes:
    """A day's rows as a Parquet file."""
    arrays = [_array(field, columns, day) for field in FIELDS]
    about = {"schema_version": SCHEMA_VERSION, "season": season, "date": day.isoformat()}
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, _SCHEMA, compression="snappy", version="2.6", data_page_version="1.0",
        use_dictionary=_TEXTS, column_encoding=_ENCODING, store_schema=False,
        write_statistics=["game_id", "player_id", "team_id"],
    ) as writer:  # fmt: skip
        writer.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA))
        writer.add_key_value_metadata(about)
    return bytes(sink.getvalue())


def _array(field: Any, columns: Columns, day: date) -> Any:
    size = len(columns["game_id"])
    if field.name == "game_date":
        return pa.repeat(pa.scalar(day, field.type), size)
    if field.name not in _OF_PLAYERS:
        return pa.array(columns[field.name], field.type)
    # Nulls by the same bits for all, over buffers of machine numbers: a tenth of the time that
    # lists of numbers and None take.
    bits = pa.array(columns["played"], pa.bool_()).buffers()[1]
    numbers = array.array(_OF_PLAYERS[field.name], columns[field.name])
    return pa.Array.from_buffers(field.type, size, [bits, pa.py_buffer(numbers)])
