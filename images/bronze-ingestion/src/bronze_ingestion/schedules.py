"""A day's schedule: one row for each team of each game."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from bronze_ingestion.statistics import is_whole
from bronze_ingestion.tables import Table, table
from bronze_ingestion.verdict import Fault, Issue, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

GAME_ID: Final = re.compile(r"\d{10}", re.ASCII)
_RESULTS: Final = "LeagueGameFinderResults"
_NEEDED: Final = ("GAME_ID", "GAME_DATE", "TEAM_ID")
_TEAMS: Final = 2  # of a game


def validate(document: Any, day: date) -> Verdict:
    """Whether it is the schedule of a day. A day without games is one, too."""
    found = table(document, _RESULTS, _NEEDED)
    if isinstance(found, Verdict):
        return found
    wrong = Verdict.of(issue for row in found for issue in _row(row, day))
    return Verdict.of(_pairs(found)) if wrong.valid else wrong


def games(document: Any) -> tuple[str, ...]:
    """The ids of a valid schedule's games, each once, in ascending order."""
    found = table(document, _RESULTS, _NEEDED)
    return () if isinstance(found, Verdict) else tuple(sorted({row["GAME_ID"] for row in found}))


def _row(row: dict[str, Any], day: date) -> Iterator[Issue]:
    game = row["GAME_ID"]
    if not isinstance(game, str):
        yield Issue(Fault.SCHEMA_CHANGE, "a row's GAME_ID is not text")
    elif not GAME_ID.fullmatch(game):
        yield Issue(Fault.DATA_QUALITY, "a row's GAME_ID is not of ten digits")
    if not isinstance(row["GAME_DATE"], str):
        yield Issue(Fault.SCHEMA_CHANGE, "a row's GAME_DATE is not text")
    elif row["GAME_DATE"] != day.isoformat():
        yield Issue(Fault.DATA_QUALITY, f"a row's GAME_DATE is not {day}")
    if not is_whole(row["TEAM_ID"]):
        yield Issue(Fault.SCHEMA_CHANGE, "a row's TEAM_ID is not a whole number")


def _pairs(rows: Table) -> Iterator[Issue]:
    teams = {(row["GAME_ID"], row["TEAM_ID"]) for row in rows}
    for game, count in sorted(Counter(game for game, _ in teams).items()):
        if count != _TEAMS:
            yield Issue(Fault.DATA_QUALITY, f"game {game} has {count} teams")
