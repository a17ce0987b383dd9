"""silver-processing's runs: what is made, once, and what a death in the middle changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from silver_processing.refusal import Refused
from silver_processing.run import OutOfTimeError
from standins import nba_season, nba_shapes
from standins.nba_season import Game

from tests.kit.lake import Killed, MemoryLake

SEASON = nba_season.season(2024, rounds=2)
DAYS = sorted(SEASON.by_day)
FIRST, SECOND = DAYS[:2]
KEY = f"season=2024-25/date={FIRST}/player_games.parquet"


def changed(_game: Game) -> Any:
    return {"boxScore": {}}


@pytest.fixture
def lake() -> MemoryLake:
    return MemoryLake(SEASON)


def marker(lake: MemoryLake) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lake.silver.objects[f"_refused/{FIRST}.json"][0])
    return found


def test_every_complete_day_gets_its_file(lake: MemoryLake) -> None:
    lake.below.days(DAYS)
    assert lake.make_silver().written == [day.isoformat() for day in DAYS]
    files = [key for key in lake.silver.objects if key.endswith(".parquet")]
    assert files == [f"season=2024-25/date={day}/player_games.parquet" for day in DAYS]
    about = lake.silver.metadata(KEY) or {}
    assert about["schema-version"] == "1.0"
    assert set(about) == {"schema-version", "sha256", "source"}


def test_nothing_is_written_again(lake: MemoryLake) -> None:
    lake.below.days(DAYS)
    lake.make_silver()
    before = list(lake.silver.writes)
    assert lake.make_silver().written == []
    assert lake.silver_run().days(DAYS).unchanged == [day.isoformat() for day in DAYS]
    assert lake.silver.writes == before


def test_before_bronze_says_anything_there_is_nothing_to_do(lake: MemoryLake) -> None:
    assert lake.make_silver().as_json() == {
        "written": [], "unchanged": [], "incomplete": [], "refused": [], "left": []
    }  # fmt: skip
    assert lake.silver.writes == []


def test_only_days_that_changed_are_looked_at(lake: MemoryLake) -> None:
    lake.below.days([FIRST])
    lake.make_silver()
    lake.below.days([SECOND])
    report = lake.make_silver()
    assert (report.written, report.unchanged) == ([SECOND.isoformat()], [])


def test_a_day_that_is_not_complete_waits(lake: MemoryLake) -> None:
    lake.below.day(FIRST, complete=False)
    lake.below.tell()
    assert lake.make_silver().written == []
    lake.below.days([FIRST])
    assert lake.make_silver().written == [FIRST.isoformat()]


def test_a_day_whose_box_score_is_gone_is_incomplete(lake: MemoryLake) -> None:
    lake.below.days([FIRST])
    del lake.bronze.objects[f"raw/box/{FIRST}/{SEASON.games[0].game_id}.json"]
    assert lake.make_silver().incomplete == [FIRST.isoformat()]
    assert lake.silver_run().days([SECOND]).incomplete == [SECOND.isoformat()]


def test_a_day_without_games_is_a_file_without_rows(lake: MemoryLake) -> None:
    eve = nba_season.date(2024, 12, 24)
    lake.below.days([eve])
    assert lake.make_silver().written == ["2024-12-24"]
    assert "season=2024-25/date=2024-12-24/player_games.parquet" in lake.silver.objects


def test_a_changed_schema_stops_there(lake: MemoryLake) -> None:
    lake.below.days([SECOND])
    lake.below.days([FIRST], changed)
    report = lake.make_silver()
    assert (report.refused, report.written) == ([FIRST.isoformat()], [SECOND.isoformat()])
    assert KEY not in lake.silver.objects
    kept = marker(lake)
    assert kept["error_classification"] == "schema_change"
    game_id = SEASON.by_day[FIRST][0].game_id
    text = "there is neither boxScoreTraditional nor resultSets"
    assert kept["issues"] == [f"game {game_id}: {text}"]


def test_what_was_good_stays_when_its_schema_changes(lake: MemoryLake) -> None:
    lake.below.days([FIRST])
    lake.make_silver()
    before = lake.silver.objects[KEY]
    lake.below.days([FIRST], changed)
    assert lake.make_silver().refused == [FIRST.isoformat()]
    assert lake.silver.objects[KEY] == before


def test_a_refused_day_is_refused_once_and_lands_when_it_is_mended(lake: MemoryLake) -> None:
    lake.below.days([FIRST], changed)
    lake.make_silver()
    writes = list(lake.silver.writes)
    assert lake.make_silver().refused == []
    assert lake.silver.writes == writes
    lake.below.days([FIRST], nba_shapes.older_box_score)
    assert lake.make_silver().written == [FIRST.isoformat()]
    assert f"_refused/{FIRST}.json" not in lake.silver.objects


def test_a_refused_day_is_made_when_it_is_asked_for(lake: MemoryLake) -> None:
    """After a release that knows the new shape, here: bronze mended without a word."""
    lake.below.days([FIRST], changed)
    lake.make_silver()
    lake.below.day(FIRST)
    assert lake.silver_run().days([FIRST]).written == [FIRST.isoformat()]
    assert f"_refused/{FIRST}.json" not in lake.silver.objects


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda s: {**s, "summary_version": "2.0"}, "version"),
        (lambda s: {"summary_version": "1.0"}, "bronze_layer_stats"),
    ],
)
def test_a_summary_of_another_shape_stops_everything(
    lake: MemoryLake, edit: Callable[[Any], Any], says: str
) -> None:
    lake.below.days([FIRST])
    summary = "_metadata/summary.json"
    body, *rest = lake.bronze.objects[summary]
    lake.bronze.objects[summary] = (json.dumps(edit(json.loads(body))).encode(), *rest)
    with pytest.raises(Refused, match=says):
        lake.make_silver()
    assert lake.silver.writes == []


def test_what_fell_out_of_the_summary_is_found_in_the_bucket(lake: MemoryLake) -> None:
    lake.below.days([FIRST])
    lake.make_silver()
    for day in DAYS[1:]:
        lake.below.day(day)
    lake.below.tell(kept=1)
    assert lake.make_silver().written == [day.isoformat() for day in DAYS[1:]]


def test_a_summary_that_began_anew_is_read_from_its_beginning(lake: MemoryLake) -> None:
    lake.below.days(DAYS)
    lake.make_silver()
    lake.below.sequence, lake.below.dates = 0, {}
    lake.below.days([FIRST], nba_shapes.older_box_score)
    assert lake.make_silver().unchanged == [FIRST.isoformat()]


def test_games_of_two_seasons_are_no_day(lake: MemoryLake) -> None:
    lake.below.day(FIRST)
    other = nba_season.season(2023, rounds=1)
    lake.below.season = nba_season.Season(
        2024, (), by_day={FIRST: [SEASON.games[0], other.games[0]]}
    )
    lake.below.days([FIRST])
    assert lake.make_silver().refused == [FIRST.isoformat()]
    assert marker(lake)["issues"] == ["games of several seasons: 2023-24, 2024-25"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"not json",
        b'{"resultSets": []}',
        b'{"resultSets": [{"headers": ["A"], "rowSet": [[1]]}]}',
    ],
)
def test_a_schedule_of_another_shape_is_refused(lake: MemoryLake, body: bytes) -> None:
    lake.below.days([FIRST])
    lake.bronze.put(f"raw/schedule/{FIRST}/data.json", body, "application/json")
    assert lake.make_silver().refused == [FIRST.isoformat()]
    assert marker(lake)["error_classification"] == "schema_change"


def test_without_time_the_rest_is_left_and_nothing_is_lost(lake: MemoryLake) -> None:
    lake.below.days(DAYS)
    with pytest.raises(OutOfTimeError, match="4 days are left"):
        lake.silver_run(seconds=0).catch_up()
    assert lake.silver_run(seconds=0).days(DAYS).left == [day.isoformat() for day in DAYS]
    assert lake.make_silver().written == [day.isoformat() for day in DAYS]


def _mended(lake: MemoryLake) -> None:
    """Days to write, one that is refused, and one whose mark is taken away."""
    lake.below.days([FIRST], changed)
    lake.make_silver()
    lake.below.day(DAYS[2], changed)
    lake.below.days([FIRST, SECOND, DAYS[3]])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(6))
def test_killed_at_any_write_it_ends_the_same(when: str, write: int) -> None:
    whole = MemoryLake(SEASON)
    _mended(whole)
    began = len(whole.silver.writes)
    whole.make_silver()
    assert len(whole.silver.writes) - began == 6

    lake = MemoryLake(SEASON)
    _mended(lake)

    def kill(moment: str, number: int) -> None:
        if (moment, number) == (when, began + write):
            raise Killed

    lake.silver.kill = kill
    with pytest.raises(Killed):
        lake.make_silver()
    lake.silver.kill = lambda _moment, _number: None
    lake.make_silver()
    assert lake.silver.content() == whole.silver.content()
    assert len(lake.silver.writes) == len(whole.silver.writes)  # nothing twice
