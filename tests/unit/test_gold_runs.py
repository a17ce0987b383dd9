"""gold-analytics' runs: totals to the last digit, written once, whatever dies in the middle."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gold_analytics.artifacts import encoded
from gold_analytics.days import SchemaChangedError
from gold_analytics.run import BusyError, OutOfTimeError
from standins import nba_season, nba_shapes

from tests.kit import lake_truth
from tests.kit.lake import Killed, MemoryLake

SEASON = nba_season.season(2024, rounds=2)
DAYS = sorted(SEASON.by_day)
LABEL = SEASON.label


@pytest.fixture
def lake() -> MemoryLake:
    made = MemoryLake(SEASON)
    made.below.days(DAYS)
    made.make_silver()
    return made


def _key(day: object) -> str:
    return f"season={LABEL}/date={day}/player_games.parquet"


def test_everything_is_true_to_the_last_digit(lake: MemoryLake) -> None:
    written = lake.gold_run().season(LABEL)
    lake_truth.season_is_true(SEASON, lake.artifact)
    assert written.written == lake_truth.count(SEASON) + 1
    # The state of the season is no object for readers.
    assert len(lake.gold.objects) == written.written + 1


def test_nothing_is_written_again(lake: MemoryLake) -> None:
    lake.gold_run().season(LABEL)
    before = list(lake.gold.writes)
    assert lake.gold_run().season(LABEL).written == 0
    assert lake.gold_run().season(LABEL, every=True).written == 0
    # Looking at every day is claimed, and the claim given back.
    assert lake.gold.writes == [*before, f"_state/{LABEL}.json", f"_state/{LABEL}.json"]


def test_day_by_day_ends_as_all_at_once(lake: MemoryLake) -> None:
    lake.gold_run().season(LABEL)
    slow = MemoryLake(SEASON)
    for day in DAYS:
        slow.below.days([day])
        slow.make_silver()
        slow.gold_run().season(LABEL)
    assert slow.gold.content() == lake.gold.content()


def test_the_index_comes_last_and_says_what_there_is(lake: MemoryLake) -> None:
    lake.gold_run().season(LABEL)
    assert lake.gold.writes[-2:] == ["index/latest.json", f"_state/{LABEL}.json"]
    index = lake.artifact("index/latest")
    assert index["latest_date"] == DAYS[-1].isoformat()
    assert index["latest_season"] == LABEL
    players = len(lake_truth.lines(SEASON.games))
    counts = {"seasons": 1, "dates": 4, "games": 30, "players": players, "teams": 30}
    assert index["counts"] == counts
    season = index["seasons"][LABEL]
    assert season["dates"] == [day.isoformat() for day in DAYS]
    for kind, own in (("player", season["players"]), ("team", season["teams"])):
        ids = [each[f"{kind}_id"] for each in own]
        assert ids == sorted(ids)
        for each in own:
            found = lake.artifact(f"{kind}_season/{LABEL}/{each[f'{kind}_id']}")
            assert found["stats"]["games_played"] == each["games_played"]


def test_another_season_is_added_to_the_index(lake: MemoryLake) -> None:
    lake.gold_run().season(LABEL)
    other = nba_season.season(2023, rounds=1)
    lake.below.season = other
    lake.below.days(sorted(other.by_day))
    lake.make_silver()
    lake.gold_run().season(other.label)
    index = lake.artifact("index/latest")
    assert list(index["seasons"]) == ["2023-24", "2024-25"]
    assert index["latest_season"] == "2024-25"
    assert (index["counts"]["seasons"], index["counts"]["games"]) == (2, 45)


def test_a_corrected_game_corrects_its_day_and_season(lake: MemoryLake) -> None:
    lake.gold_run().season(LABEL)
    corrected = nba_season.season(2024, seed=1, rounds=2)
    day, games = DAYS[0], corrected.by_day[DAYS[0]]
    lake.below.season = corrected
    lake.below.days([day])
    lake.make_silver()
    written = lake.gold_run().season(LABEL)
    assert written.written > 0
    # Whoever was on the floor by the first report, and was not, has no day.
    now = {key for key in lake.gold.objects if key.startswith(f"player_daily/{day}/")}
    assert now == {f"player_daily/{day}/{each}.json" for each in lake_truth.lines(games)}
    for player_id, own in lake_truth.lines(games).items():
        found = lake.artifact(f"player_daily/{day}/{player_id}")
        lake_truth.stats_are_true(found["stats"], lake_truth.player_totals(own), 1)
    mixed = [*games, *(game for each in DAYS[1:] for game in SEASON.by_day[each])]
    for player_id, own in lake_truth.lines(mixed).items():
        found = lake.artifact(f"player_season/{LABEL}/{player_id}")
        lake_truth.stats_are_true(found["stats"], lake_truth.player_totals(own), len(own))


def test_a_day_without_games_adds_nothing(lake: MemoryLake) -> None:
    lake.gold_run().season(LABEL)
    before = {k: v for k, v in lake.gold.content().items() if k.startswith("player")}
    lake.below.days([nba_season.date(2024, 12, 24)])
    lake.make_silver()
    lake.gold_run().season(LABEL)
    assert {k: v for k, v in lake.gold.content().items() if k.startswith("player")} == before
    assert lake.artifact("index/latest")["seasons"][LABEL]["last_date"] == DAYS[-1].isoformat()


def _newer(table: Any) -> Any:
    return table.replace_schema_metadata({b"schema_version": b"2.0"})


def _unnamed(table: Any) -> Any:
    return table.replace_schema_metadata(None)


def _without(table: Any) -> Any:
    return table.drop_columns(["steals"]).replace_schema_metadata({b"schema_version": b"1.3"})


@pytest.mark.parametrize(
    ("change", "says"),
    [(_newer, "'2.0' is not 1.x"), (_unnamed, "'' is not 1.x"), (_without, "no column steals")],
)
def test_a_changed_schema_stops_before_anything_is_written(
    lake: MemoryLake, change: Callable[[Any], Any], says: str
) -> None:
    lake.gold_run().season(LABEL)
    before = lake.gold.content()
    key = _key(DAYS[1])
    table = pq.read_table(io.BytesIO(lake.silver.objects[key][0]))
    sink = pa.BufferOutputStream()
    pq.write_table(change(table), sink)
    lake.silver.put(key, bytes(sink.getvalue()), "application/vnd.apache.parquet")
    with pytest.raises(SchemaChangedError, match=says):
        lake.gold_run().season(LABEL)
    assert lake.gold.content() == before


def test_what_is_no_parquet_stops_it_too(lake: MemoryLake) -> None:
    lake.silver.put(_key(DAYS[1]), b"PAR1", "application/vnd.apache.parquet")
    with pytest.raises(SchemaChangedError, match="no Parquet"):
        lake.gold_run().season(LABEL)
    assert lake.gold.writes == []


def test_without_time_the_rest_is_left_and_nothing_is_lost(lake: MemoryLake) -> None:
    with pytest.raises(OutOfTimeError, match="4 dates of 2024-25 are left"):
        lake.gold_run(seconds=0).season(LABEL)
    lake.gold_run().season(LABEL)
    lake_truth.season_is_true(SEASON, lake.artifact)


def _two_games(seed: int) -> nba_season.Season:
    """One on each of two days; with another seed, others are on the floor."""
    whole = nba_season.season(2024, seed=seed, rounds=1)
    return nba_season.Season(2024, (), by_day={day: whole.by_day[day][:1] for day in DAYS[:2]})


def test_killed_at_any_write_it_ends_the_same() -> None:
    def prepared() -> MemoryLake:
        lake = MemoryLake(_two_games(0))
        lake.below.days(DAYS[:2])
        lake.make_silver()
        lake.gold_run().season(LABEL)
        lake.below.season = _two_games(1)
        lake.below.days(DAYS[:1], nba_shapes.older_box_score)
        lake.make_silver()
        return lake

    whole = prepared()
    began = len(whole.gold.writes)
    whole.gold_run().season(LABEL)
    total, truth = len(whole.gold.writes) - began, whole.gold.content()
    assert total > 40
    start = prepared()
    objects, writes = dict(start.gold.objects), list(start.gold.writes)
    for place in range(2 * total):
        start.gold.objects, start.gold.writes = dict(objects), list(writes)
        target = ("before" if place % 2 else "after", began + place // 2)

        def kill(moment: str, number: int, target: tuple[str, int] = target) -> None:
            if (moment, number) == target:
                raise Killed

        start.gold.kill = kill
        with pytest.raises(Killed):
            start.gold_run().season(LABEL)
        start.gold.kill = lambda _moment, _number: None
        start.gold_run().season(LABEL)
        assert start.gold.content() == truth, target
        assert len(start.gold.writes) == len(whole.gold.writes), target  # nothing twice


def test_two_runs_at_one_season_end_with_the_later_silver(lake: MemoryLake) -> None:
    """The slow one has read silver when a correction arrives, and another run deals with it."""
    slow_met = []

    def meanwhile(_moment: str, number: int) -> None:
        if number == 20 and not slow_met:
            slow_met.append(number)
            lake.below.season = nba_season.season(2024, seed=1, rounds=2)
            lake.below.days([DAYS[0]])
            lake.make_silver()
            lake.gold_run().season(LABEL)

    lake.gold.kill = meanwhile
    lake.gold_run().season(LABEL)
    assert slow_met
    alone = MemoryLake(SEASON)
    alone.below.days(DAYS)
    alone.below.season = lake.below.season
    alone.below.days([DAYS[0]])
    alone.make_silver()
    alone.gold_run().season(LABEL)
    assert lake.gold.content() == alone.gold.content()


def test_a_season_that_others_change_all_the_time_is_left_to_them(lake: MemoryLake) -> None:
    def meanwhile(moment: str, _number: int) -> None:
        if moment == "before":  # the state changes under every claim
            body = encoded("x", {"n": len(lake.gold.writes)})
            lake.gold.objects[f"_state/{LABEL}.json"] = (body, {}, lake.gold.clock.now())
            lake.gold.writes.append("other")

    lake.gold.kill = meanwhile
    with pytest.raises(BusyError, match="5 times"):
        lake.gold_run().season(LABEL)
