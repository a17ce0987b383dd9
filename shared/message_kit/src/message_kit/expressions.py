"""Schedule expressions, checked before EventBridge Scheduler sees them, each with a reason.

Scheduler answers a bad expression with "Invalid Schedule Expression" and no more. What is checked
here is what its user guide says: https://docs.aws.amazon.com/scheduler/latest/UserGuide/
schedule-types.html
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM: Final = re.compile(r"(rate|cron|at)\((.*)\)", re.DOTALL)
_RATE: Final = re.compile(r"([1-9][0-9]{0,8}) (minute|hour|day)(s?)")
_AT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class _Field(NamedTuple):
    """One of the six fields of a cron expression."""

    name: str
    least: int
    most: int
    words: Sequence[str] = ()
    special: str = ""


_FIELDS: Final = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of the month", 1, 31, special="?LW"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 1, 7, _DAYS, special="?L#"),
    _Field("year", 1970, 2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK, _YEAR = 2, 4, 5


def zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database.

    Raises:
        ValueError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(
            "the time zone is not one of the IANA database, such as UTC or Europe/Berlin"
        ) from None


def check(expression: str, timezone: str, now: datetime) -> None:
    """Return when Scheduler would take the expression.

    Args:
        expression: `rate(…)`, `cron(…)` or `at(…)`.
        timezone: The zone that `cron` and `at` are in.
        now: With a zone; what is over by then is refused.

    Raises:
        ValueError: It would not, or the expression is over; the message says why.
    """
    there = zone(timezone)
    form = _FORM.fullmatch(expression)
    if form is None:
        raise ValueError(
            "an expression is rate(5 minutes), cron(0 12 * * ? *) or at(2026-01-31T09:30:00)"
        )
    kind, inner = form.groups()
    if kind == "rate":
        _check_rate(inner)
    elif kind == "at":
        _check_at(inner, there, now)
    else:
        _check_cron(inner, now.astimezone(there).year)


def _check_rate(inner: str) -> None:
    found = _RATE.fullmatch(inner)
    if found is None:
        raise ValueError(
            "a rate is a whole number from 1 and minutes, hours or days: rate(5 hours)"
        )
    value, unit, plural = found.groups()
    if (value != "1") != (plural == "s"):
        right = f"{value} {unit}{'' if value == '1' else 's'}"
        raise ValueError(f"rate({inner}) must be rate({right})")


def _check_at(inner: str, there: ZoneInfo, now: datetime) -> None:
    if not _AT.fullmatch(inner):
        raise ValueError("a time is at(yyyy-mm-ddThh:mm:ss), without a zone")
    try:
        moment = datetime.fromisoformat(inner).replace(tzinfo=there)
    except ValueError as error:
        raise ValueError(f"at({inner}) is no time: {error}") from None
    if moment <= now:
        raise ValueError(f"at({inner}) in {there.key} is over")


def _check_cron(inner: str, year: int) -> None:
    parts = inner.split(" ")
    if len(parts) != len(_FIELDS) or "" in parts:
        raise ValueError(
            "a cron expression has six fields: minutes hours day-of-month month day-of-week year"
        )
    for field, text in zip(_FIELDS, parts, strict=True):
        for part in text.split(","):
            _check_part(field, part, alone=part == text)
    if (parts[_DAY_OF_MONTH] == "?") == (parts[_DAY_OF_WEEK] == "?"):
        raise ValueError("one of day of the month and day of the week is ?, and the other is not")
    if _is_over(parts[_YEAR], year):
        raise ValueError(f"the year {parts[_YEAR]} is over")


def _check_part(field: _Field, part: str, *, alone: bool) -> None:
    """One of the parts of a field that commas separate."""
    if part == "*" or (part == "?" and alone and "?" in field.special):
        return
    if _is_special(field, part):
        return
    first, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and step.isascii() and 0 < int(step) <= field.most):
        raise ValueError(f"{field.name}: /{step} is no step from 1 to {field.most}")
    if slash and first == "*":
        return
    ends = [_value(field, text) for text in first.split("-", 1)]
    if ends != sorted(ends):
        raise ValueError(f"{field.name}: {first} runs backwards")


def _is_special(field: _Field, part: str) -> bool:
    """Last days, nearest weekdays and n-th days, in the fields that know them."""
    if "W" in field.special:
        return part in {"L", "LW"} or (part.endswith("W") and _value(field, part[:-1]) > 0)
    if "#" not in field.special:
        return False
    if part.endswith("L"):
        return part == "L" or _value(field, part[:-1]) > 0
    day, sharp, week = part.partition("#")
    if not sharp:
        return False
    if week not in set("12345"):
        raise ValueError(f"{field.name}: #{week} is no week from 1 to 5")
    return _value(field, day) > 0


def _value(field: _Field, text: str) -> int:
    if text.upper() in field.words:
        return field.words.index(text.upper()) + field.least
    if text.isascii() and text.isdecimal() and field.least <= int(text) <= field.most:
        return int(text)
    shown = f" or {field.words[0]}-{field.words[-1]}" if field.words else ""
    raise ValueError(f"{field.name}: {text!r} is not from {field.least} to {field.most}{shown}")


def _is_over(field: str, year: int) -> bool:
    """Whether no year of the field is to come."""
    if "*" in field:
        return False
    return all(
        int(re.split("[-/]", part)[-1 if "-" in part else 0]) < year and "/" not in part
        for part in field.split(",")
    )
