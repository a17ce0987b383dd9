"""How fast silver makes its rows, beside plain Python; and in how much memory.

    .venv/bin/python -m tests.performance.silver      → build/bench.json and a table

A season of 1,230 games, a day after the other, in turns, the best of five. Both sides start
from the bytes that bronze keeps and make the same rows, which is checked first.
"""

from __future__ import annotations

import gc
import io
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from silver_processing import box_scores, rows, table
from standins import nba_season, nba_shapes

from tests.performance import results, silver_plain

SEASON = "2024-25"
ROUNDS = 5
LEAST = 5.0  # times as fast
MOST_MB = 512


@dataclass(frozen=True)
class Day:
    """The box scores of a day, as bronze keeps them."""

    day: date
    bodies: dict[str, bytes]
    hosts: dict[str, int]


type Work = Callable[[Day], object]


def days() -> list[Day]:
    season = nba_season.season(2024)
    return [
        Day(
            day,
            {game.game_id: _body(nba_shapes.box_score(game)) for game in games},
            {game.game_id: game.home.team.team_id for game in games},
        )
        for day, games in season.by_day.items()
    ]


def _body(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def ours(day: Day) -> rows.Columns:
    return rows.of([box_scores.parse(body, each) for each, body in day.bodies.items()], day.hosts)


def ours_as_parquet(day: Day) -> bytes:
    return table.parquet(ours(day), SEASON, day.day)


def plain(day: Day) -> list[dict[str, Any]]:
    return silver_plain.rows(list(day.bodies.values()), day.day, day.hosts)


def plain_as_parquet(day: Day) -> bytes:
    sink = io.BytesIO()
    made = pa.Table.from_pylist(plain(day), schema=pa.schema(table.FIELDS))
    pq.write_table(made, sink)
    return sink.getvalue()


def seconds(ours: Work, plain: Work, season: list[Day]) -> tuple[float, float]:
    """Processor seconds for a season, of each; in turns, for these machines are noisy."""
    taken: dict[Work, list[float]] = {ours: [], plain: []}
    for _ in range(ROUNDS):
        for work, times in taken.items():
            began = time.process_time()
            for day in season:
                work(day)
            times.append(time.process_time() - began)
    return min(taken[ours]), min(taken[plain])


def run() -> dict[str, Any]:
    season = days()
    count = sum(len(plain(day)) for day in season)
    for day in season[:5]:
        assert pq.read_table(io.BytesIO(ours_as_parquet(day))).to_pylist() == plain(day)
    gc.collect()
    gc.freeze()  # as function_kit does after init; or every collection would walk the season
    work = {"rows": (ours, plain), "rows_as_parquet": (ours_as_parquet, plain_as_parquet)}
    report: dict[str, Any] = {"games": 1230, "rows": count}
    for name, (own, other) in work.items():
        mine, theirs = seconds(own, other, season)
        report[name] = {
            "microseconds_a_row": round(mine / count * 1e6, 2),
            "plain_microseconds_a_row": round(theirs / count * 1e6, 2),
            "times_as_fast": round(theirs / mine, 2),
        }
    report["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return report


def main() -> None:
    """Measure, write it down and say whether it is fast and small enough."""
    report = run()
    results.keep("silver", report)
    print(json.dumps(report, indent=2))
    held = report["rows"]["times_as_fast"] >= LEAST and report["peak_mb"] <= MOST_MB
    raise SystemExit(0 if held else 1)


if __name__ == "__main__":
    main()
