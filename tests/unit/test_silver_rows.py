"""What silver makes of box scores, in both of their shapes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from silver_processing import box_scores, playing_time, rows, seasons, table
from silver_processing.refusal import Refused
from standins import nba_season, nba_shapes
from standins.nba_season import Game

from tests.kit.lake import encoded

SEASON = nba_season.season(2024, rounds=1)
DAY = SEASON.games[0].day
GAMES = SEASON.by_day[DAY]
HOSTS = {game.game_id: game.home.team.team_id for game in GAMES}


def parquet(shape: Callable[[Game], Any], hosts: dict[str, int] = HOSTS) -> bytes:
    boxes = [box_scores.parse(encoded(shape(game)), game.game_id) for game in reversed(GAMES)]
    return table.parquet(rows.of(boxes, hosts), SEASON.label, DAY)


def read(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(io.BytesIO(body)).to_pylist()
    return found


def expected() -> list[dict[str, Any]]:
    """The generator's truth, as rows."""
    made = []
    for game in GAMES:
        for own, other in ((game.home, game.away), (game.away, game.home)):
            for player, line in own.lines:
                about = {
                    "game_id": game.game_id, "game_date": DAY, "season_type": "regular",
                    "team_id": own.team.team_id, "team_tricode": own.team.tricode,
                    "team_city": own.team.city, "team_name": own.team.nickname,
                    "opponent_team_id": other.team.team_id, "home": own is game.home,
                    "won": own.points > other.points, "player_id": player.person_id,
                    "player_name": player.name, "position": "", "started": False,
                    "played": line is not None,
                    "comment": "" if line else "DNP - Coach's Decision",
                }  # fmt: skip
                made.append({**about, **_counts(line)})
    return sorted(made, key=lambda row: (row["game_id"], row["team_id"], row["player_id"]))


def _counts(line: nba_season.Line | None) -> dict[str, int | None]:
    names = {
        "seconds": "seconds", "points": "points", "field_goals_made": "fgm",
        "field_goals_attempted": "fga", "three_pointers_made": "fg3m",
        "three_pointers_attempted": "fg3a", "free_throws_made": "ftm",
        "free_throws_attempted": "fta", "offensive_rebounds": "oreb",
        "defensive_rebounds": "dreb", "rebounds": "rebounds", "assists": "ast", "steals": "stl",
        "blocks": "blk", "turnovers": "tov", "fouls": "pf", "plus_minus": "plus_minus",
    }  # fmt: skip
    return {name: getattr(line, source) if line else None for name, source in names.items()}


@pytest.mark.parametrize("shape", [nba_shapes.box_score, nba_shapes.older_box_score])
def test_there_is_one_true_row_for_each_player_and_game(shape: Callable[[Game], Any]) -> None:
    assert read(parquet(shape)) == expected()


def test_the_same_games_are_the_same_bytes_in_any_order_and_shape() -> None:
    assert parquet(nba_shapes.box_score) == parquet(nba_shapes.box_score)
    assert parquet(nba_shapes.box_score) == parquet(nba_shapes.older_box_score)


def test_percentages_that_are_rounded_differently_change_nothing() -> None:
    assert parquet(lambda game: nba_shapes.box_score(game, 1)) == parquet(nba_shapes.box_score)


def test_a_schedule_without_hosts_leaves_home_open() -> None:
    assert {row["home"] for row in read(parquet(nba_shapes.box_score, {}))} == {None}


def test_the_file_says_its_schema_season_and_date() -> None:
    file = pq.ParquetFile(io.BytesIO(parquet(nba_shapes.box_score)))
    about = {b"schema_version": b"1.0", b"season": b"2024-25", b"date": b"2024-10-22"}
    assert file.metadata.metadata == about


def test_duckdb_and_polars_read_what_arrow_reads(tmp_path: Any) -> None:
    path = tmp_path / table.key(SEASON.label, DAY)
    path.parent.mkdir(parents=True)
    path.write_bytes(parquet(nba_shapes.box_score))
    truth = expected()
    with duckdb.connect() as connection:
        query = "select * from read_parquet(?, hive_partitioning=true)"
        answer = connection.execute(query, [f"{tmp_path}/**/*.parquet"])
        names = [column[0] for column in answer.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    assert {(row["season"], str(row["date"])) for row in found} == {("2024-25", "2024-10-22")}
    parted = {"season", "date"}
    assert [{k: v for k, v in row.items() if k not in parted} for row in found] == truth
    assert pl.read_parquet(path, hive_partitioning=False).to_dicts() == truth


def test_no_games_are_a_table_without_rows() -> None:
    made = read(table.parquet(rows.of([], {}), SEASON.label, DAY))
    assert made == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("34:12", 2052), ("0:01", 1), ("34.000000:12", 2052), ("PT34M12.00S", 2052), ("", 0),
     ("PT0M05S", 5), ("34", -1), ("34:72", -1), ("x", -1), ("34.5:12", -1)],
)  # fmt: skip
def test_minutes_in_all_their_forms(text: str, seconds: int) -> None:
    assert playing_time.seconds(text) == seconds


@pytest.mark.parametrize(
    ("game_id", "season", "kind"),
    [("0022400001", "2024-25", "regular"), ("0049900001", "1999-00", "playoffs"),
     ("0014600001", "1946-47", "preseason"), ("0032300001", "2023-24", "all_star"),
     ("0052300001", "2023-24", "play_in"), ("0062300001", "2023-24", "cup_final")],
)  # fmt: skip
def test_a_games_id_has_its_season_and_its_kind(game_id: str, season: str, kind: str) -> None:
    assert (seasons.season(game_id), seasons.season_type(game_id)) == (season, kind)


@pytest.mark.parametrize("game_id", ["", "002240000", "00224000011", "00224x0001", "٠٠٢٢٤٠٠٠٠١"])
def test_what_is_no_games_id_is_refused(game_id: str) -> None:
    with pytest.raises(Refused, match="ten digits"):
        seasons.season(game_id)


def test_an_unknown_kind_of_game_is_a_changed_schema() -> None:
    with pytest.raises(Refused, match="schema_change"):
        seasons.season_type("0092400001")


def test_a_day_without_games_belongs_to_the_season_around_it() -> None:
    days = [date(2024, 12, 24), date(2025, 2, 15), date(2025, 7, 1)]
    found = [seasons.season_of_empty(day.isoformat()) for day in days]
    assert found == ["2024-25", "2024-25", "2025-26"]
