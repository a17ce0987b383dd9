"""Schedule expressions: what EventBridge Scheduler takes, and a reason for what it does not."""
# ruff: noqa: RUF001 - digits of another alphabet are what is tested

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from message_kit import expressions

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(999 days)",
        "cron(0 12 * * ? *)",
        "cron(0/15 8-18 ? * MON-FRI 2026)",
        "cron(*/5 * * * ? *)",
        "cron(0,30 12 1,15 * ? 2026-2030)",
        "cron(0 12 L * ? *)",
        "cron(0 12 LW * ? *)",
        "cron(0 12 15W * ? *)",
        "cron(0 12 ? JAN,jul L *)",
        "cron(0 12 ? * 6L *)",
        "cron(0 12 ? * TUE#2 *)",
        "cron(0 0 1-5/2 * ? *)",
        "cron(0 12 * * ? 2020,2027)",
        "at(2026-06-01T12:00:01)",
    ],
)
def test_it_is_taken(expression: str) -> None:
    expressions.check(expression, "UTC", NOW)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("every day", "an expression is rate"),
        ("rate(5 minutes", "an expression is rate"),
        (" rate(5 minutes)", "an expression is rate"),
        ("rate(5 minutes)\n", "an expression is rate"),
        ("rate(5 minutes\n)", "a rate is a whole number"),
        ("at(2026-06-02T12:00:00\n)", "a time is at"),
        ("cron(0 12 * * ? *\n)", "year: "),
        ("rate()", "a rate is a whole number"),
        ("rate(0 minutes)", "a rate is a whole number"),
        ("rate(1.5 hours)", "a rate is a whole number"),
        ("rate(5 seconds)", "a rate is a whole number"),
        ("rate(٥ minutes)", "a rate is a whole number"),
        ("rate(5  minutes)", "a rate is a whole number"),
        ("rate(1 minutes)", r"must be rate\(1 minute\)"),
        ("rate(5 minute)", r"must be rate\(5 minutes\)"),
        ("cron(0 12 * * ?)", "six fields"),
        ("cron(0 12  * * ? *)", "six fields"),
        ("cron(0 12 * * ? * *)", "six fields"),
        ("cron(60 12 * * ? *)", "minutes: '60' is not from 0 to 59"),
        ("cron(-1 12 * * ? *)", "minutes: '' is not from 0 to 59"),
        ("cron(0 24 * * ? *)", "hours: '24' is not from 0 to 23"),
        ("cron(0 12 0 * ? *)", "day of the month: '0' is not from 1 to 31"),
        ("cron(0 12 32W * ? *)", "day of the month: '32' is not"),
        ("cron(0 12 * 13 ? *)", "month: '13' is not from 1 to 12 or JAN-DEC"),
        ("cron(0 12 ? * 8 *)", "day of the week: '8' is not from 1 to 7 or SUN-SAT"),
        ("cron(0 12 ? * MON#6 *)", "#6 is no week from 1 to 5"),
        ("cron(0 12 ? * XYZ *)", "day of the week: 'XYZ'"),
        ("cron(0 12 ? * FRI-MON *)", "FRI-MON runs backwards"),
        ("cron(30-10 12 * * ? *)", "30-10 runs backwards"),
        ("cron(0/0 12 * * ? *)", "/0 is no step"),
        ("cron(0/x 12 * * ? *)", "/x is no step"),
        ("cron(0,, 12 * * ? *)", "minutes: ''"),
        ("cron(? 12 * * ? *)", r"minutes: '\?'"),
        ("cron(0 12 ?,1 * MON *)", r"day of the month: '\?'"),
        ("cron(0 12 * * * *)", "one of day of the month and day of the week"),
        ("cron(0 12 ? * ? *)", "one of day of the month and day of the week"),
        ("cron(0 12 * * ? 1969)", "year: '1969'"),
        ("cron(0 12 * * ? 2020)", "the year 2020 is over"),
        ("cron(0 12 * * ? 2019-2025)", "the year 2019-2025 is over"),
        ("at(2026-06-01)", "a time is at"),
        ("at(2026-06-01T12:00:01Z)", "a time is at"),
        ("at(2026-02-30T12:00:00)", "is no time"),
        ("at(2026-06-01T12:00:00)", "is over"),
    ],
)
def test_it_is_refused_with_a_reason(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        expressions.check(expression, "UTC", NOW)


def test_a_time_is_over_where_its_zone_says_so() -> None:
    expressions.check("at(2026-06-01T08:30:00)", "America/New_York", NOW)
    with pytest.raises(ValueError, match="in Europe/Berlin is over"):
        expressions.check("at(2026-06-01T13:30:00)", "Europe/Berlin", NOW)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "UTC\0", "x" * 300, "/"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        expressions.check("rate(1 day)", name, NOW)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Etc/GMT+5"])
def test_zones_are_those_of_iana(name: str) -> None:
    expressions.check("rate(1 day)", name, NOW)
