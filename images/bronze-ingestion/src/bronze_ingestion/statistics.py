"""Whether a line of statistics can be true: of a player, or of a team."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from bronze_ingestion.verdict import Fault, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COUNTS: Final = (
    "fieldGoalsMade", "fieldGoalsAttempted", "threePointersMade", "threePointersAttempted",
    "freeThrowsMade", "freeThrowsAttempted", "reboundsOffensive", "reboundsDefensive",
    "reboundsTotal", "assists", "steals", "blocks", "turnovers", "foulsPersonal", "points",
)  # fmt: skip
_SHOTS: Final = ("fieldGoals", "threePointers", "freeThrows")
NAMES: Final = (*COUNTS, *(f"{shot}Percentage" for shot in _SHOTS), "plusMinusPoints", "minutes")
# 34:12; the same as ISO 8601, PT34M12.00S; with fractions, 34.000000:12; nothing for nobody.
_MINUTES: Final = re.compile(r"|\d+(\.\d+)?:[0-5]\d|PT\d+M[0-5]?\d(\.\d+)?S")
_HALF: Final = 0.0005 + 1e-9  # of the last of three digits, and what floats are off by
_OTHERWISE: Final = 0.05 + 1e-9  # as far as rounding to a single digit goes
_MOST: Final = 1000  # of anything in one game


def problems(where: str, line: Mapping[str, Any]) -> Iterator[Issue]:
    """What is wrong with a line.

    Args:
        where: Whose it is, for the issues.
        line: By the names of `NAMES`; others are ignored.
    """
    missing = [name for name in NAMES if name not in line]
    if missing:
        yield Issue(Fault.SCHEMA_CHANGE, f"{where} has no {', '.join(missing)}")
        return
    wrong = list(_types(where, line))
    yield from wrong
    if not wrong:
        yield from _sums(where, line)
        for shot in _SHOTS:
            yield from _shooting(where, line, shot)


def is_whole(value: object) -> bool:
    """Whether it is a whole number; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _types(where: str, line: Mapping[str, Any]) -> Iterator[Issue]:
    for name in COUNTS:
        value = line[name]
        if not is_whole(value):
            yield Issue(Fault.SCHEMA_CHANGE, f"{where} {name} is not a whole number")
        elif not 0 <= value <= _MOST:
            yield Issue(Fault.DATA_QUALITY, f"{where} {name} is not from 0 to {_MOST}")
    for name in (*(f"{shot}Percentage" for shot in _SHOTS), "plusMinusPoints"):
        if not is_number(line[name]):
            yield Issue(Fault.SCHEMA_CHANGE, f"{where} {name} is not a number")
    if not isinstance(line["minutes"], str):
        yield Issue(Fault.SCHEMA_CHANGE, f"{where} minutes is not text")
    elif not _MINUTES.fullmatch(line["minutes"]):
        yield Issue(Fault.DATA_QUALITY, f"{where} minutes is not of the form 34:12")


def _sums(where: str, line: Mapping[str, Any]) -> Iterator[Issue]:
    threes, goals = line["threePointersMade"], line["fieldGoalsMade"]
    if threes > goals or line["threePointersAttempted"] > line["fieldGoalsAttempted"]:
        yield Issue(Fault.DATA_QUALITY, f"{where} has more three-pointers than field goals")
    if line["points"] != 2 * goals + threes + line["freeThrowsMade"]:
        yield Issue(Fault.DATA_QUALITY, f"{where} points are not those of its shots")
    if line["reboundsTotal"] != line["reboundsOffensive"] + line["reboundsDefensive"]:
        yield Issue(Fault.DATA_QUALITY, f"{where} rebounds do not add up")


def _shooting(where: str, line: Mapping[str, Any], shot: str) -> Iterator[Issue]:
    made, attempted = line[f"{shot}Made"], line[f"{shot}Attempted"]
    if made > attempted:
        yield Issue(Fault.DATA_QUALITY, f"{where} made more {shot} than it attempted")
        return
    told, true = line[f"{shot}Percentage"], made / attempted if attempted else 0.0
    if abs(told - true) > _OTHERWISE:
        yield Issue(Fault.DATA_QUALITY, f"{where} {shot}Percentage is not that of its shots")
    elif abs(told - true) > _HALF or abs(told * 1000 - round(told * 1000)) > 1e-6:  # noqa: PLR2004
        yield Issue(Fault.ROUNDING_MISMATCH, f"{where} {shot}Percentage is not of three digits")
