"""One run of scheduled-digest, against the stand-ins and a real ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.kit.digest import World, lines, metrics, monitor

if TYPE_CHECKING:
    from typing import Any

NOW = datetime.now(UTC)


def due(count: int, **columns: Any) -> list[dict[str, Any]]:
    return [monitor(UUID(int=n), f"acme/r{n:04}", **columns) for n in range(1, count + 1)]


def deleted(number: int, **ago: float) -> dict[str, Any]:
    moment = (NOW - timedelta(**ago)).isoformat()
    return monitor(UUID(int=number), f"acme/gone-{number}", deleted=True, deleted_at=moment)


@pytest.fixture
def mixed(world: World) -> World:
    """Two monitors of each frequency, and deleted ones on both sides of the retention."""
    for start, frequency in enumerate(("daily", "weekly", "on_merge")):
        rows = [
            monitor(UUID(int=10 * start + n), f"acme/{frequency}-{n}", frequency=frequency)
            for n in (1, 2)
        ]
        world.supabase.add_monitors(rows)
    world.supabase.add_monitors(
        [
            deleted(101, days=31),
            deleted(102, days=365),
            deleted(103, days=30, seconds=30),
            deleted(104, days=29, hours=23),
            deleted(105, days=1),
            monitor(UUID(int=106), "acme/odd", deleted=True),
        ]
    )
    return world


@pytest.mark.parametrize(
    ("event", "frequency", "expected"),
    [
        ({"frequency": "daily"}, "daily", ["acme/daily-1", "acme/daily-2"]),
        ({"frequency": "weekly"}, "weekly", ["acme/weekly-1", "acme/weekly-2"]),
        ({}, "both", ["acme/daily-1", "acme/daily-2", "acme/weekly-1", "acme/weekly-2"]),
    ],
)
def test_only_what_is_due_is_sent_and_only_what_is_old_is_purged(
    mixed: World, event: dict[str, Any], frequency: str, expected: list[str]
) -> None:
    with mixed.function() as function:
        answer = function(event)

    assert answer == {
        "frequency": frequency,
        "active": len(expected),
        "succeeded": len(expected),
        "failed": 0,
        "skipped": 0,
        "purged": 3,
        "continued": False,
    }
    assert mixed.delivered() == expected
    left = mixed.supabase.run("SELECT repo FROM monitors WHERE deleted ORDER BY repo").fetchall()
    assert left == [("acme/gone-104",), ("acme/gone-105",), ("acme/odd",)]


def test_the_retention_is_a_setting(mixed: World) -> None:
    with mixed.function(RETENTION_DAYS=300) as function:
        assert function({"frequency": "daily"})["purged"] == 1


def test_the_log_says_what_happened(mixed: World, capsys: pytest.CaptureFixture[str]) -> None:
    with mixed.function() as function:
        function({"frequency": "daily"})

    output = capsys.readouterr().out
    log = lines(output)
    assert log[0]["event"].startswith("triggered at 20")
    assert sorted(line["event"] for line in log[1:]) == [
        "2 active monitors",
        "3 deleted monitors to remove",
        "digest for acme/daily-1 (delivery: slack)",
        "digest for acme/daily-2 (delivery: slack)",
        "processing complete",
        "removed 3 deleted monitors",
    ]
    assert log[-1]["event"] == "processing complete"
    assert (log[-1]["succeeded"], log[-1]["failed"]) == (2, 0)
    assert len({line["aws_request_id"] for line in log}) == 1, "the threads' lines too"
    assert metrics(output) == {
        "PurgeFailed": 0,
        "MonitorsPurged": 3,
        "DigestsSucceeded": 2,
        "DigestsFailed": 0,
        "DigestsSkipped": 0,
        "DailyRunsCompleted": 1,
    }


def test_nothing_due_is_a_good_run(world: World) -> None:
    with world.function() as function:
        answer = function({"frequency": "weekly"})

    assert (answer["active"], answer["succeeded"], answer["continued"]) == (0, 0, False)


def test_a_malformed_row_fails_alone_and_is_named(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = "https://discord.com/api/webhooks/1/notforthelogs"
    damage: list[dict[str, Any]] = [
        {"repo": "no-owner"},
        {"repo": None},
        {"delivery_method": "pigeon"},
        {"webhook_url": None},
        {"webhook_url": f"ftp://{hook}"},
        {"delivery_method": "email", "email": None, "webhook_url": hook},
    ]
    rows = due(12)
    for row, changes in zip(rows[::2], damage, strict=True):
        row.update(changes)
    world.supabase.add_monitors(rows)

    with world.function() as function:
        answer = function({"frequency": "daily"})

    assert (answer["active"], answer["succeeded"], answer["failed"]) == (12, 6, 6)
    assert world.delivered() == [row["repo"] for row in rows[1::2]]
    output = capsys.readouterr().out
    malformed = [line for line in lines(output) if line["event"] == "malformed monitor"]
    assert [line["monitor_id"] for line in malformed] == [row["id"] for row in rows[::2]]
    assert [line["faults"][0].split(":")[0] for line in malformed[:3]] == [
        "repo",
        "repo",
        "delivery_method",
    ]
    assert "notforthelogs" not in output


def test_a_refused_digest_fails_alone_without_another_try(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.supabase.add_monitors(due(5))
    world.behave({"repo": "acme/r0003", "behaviour": {"kind": "error", "status": 404}})

    with world.function() as function:
        answer = function({"frequency": "daily"})

    assert (answer["succeeded"], answer["failed"]) == (4, 1)
    assert len(world.backend.attempts) == 5
    (failure,) = [line for line in lines(capsys.readouterr().out) if line["level"] == "warning"]
    assert failure["event"] == "digest failed for acme/r0003"
    assert (failure["monitor_id"], failure["reason"]) == (str(UUID(int=3)), "status 404")


@pytest.mark.parametrize(
    "behaviour",
    [
        {"kind": "error", "status": 503},
        {"kind": "rate_limited", "retry_after": 0},
        {"kind": "rate_limited", "retry_after": 1, "as_date": True},
        {"kind": "hang"},
        {"kind": "hang_after"},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
    ],
)
def test_trouble_that_passes_costs_no_digest_and_doubles_none(
    world: World, behaviour: dict[str, Any]
) -> None:
    world.supabase.add_monitors(due(4))
    world.behave({"repo": "acme/r0002", "times": 1, "behaviour": behaviour})

    with world.function() as function:
        answer = function({"frequency": "daily"})

    assert (answer["succeeded"], answer["failed"]) == (4, 0)
    assert world.delivered() == [f"acme/r{n:04}" for n in range(1, 5)]
    assert len({a["key"] for a in world.backend.attempts if a["repo"] == "acme/r0002"}) == 1


@pytest.mark.parametrize("kind", ["not_json", "no_content"])
def test_any_2xx_is_success(world: World, kind: str) -> None:
    world.supabase.add_monitors(due(2))
    world.behave(default={"kind": kind})

    with world.function() as function:
        assert function({"frequency": "daily"})["succeeded"] == 2


def test_trouble_that_stays_is_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("function_kit.http.random.uniform", lambda low, _high: low)
    world.supabase.add_monitors(due(1))
    world.behave(default={"kind": "drop_before"})

    with world.function() as function:
        answer = function({"frequency": "daily"})

    assert (answer["succeeded"], answer["failed"]) == (0, 1)
    assert len(world.backend.attempts) == 4


def test_a_redirect_is_not_followed(world: World) -> None:
    world.supabase.add_monitors(due(1))
    world.behave(default={"kind": "redirect"})

    with world.function() as function:
        assert function({"frequency": "daily"})["failed"] == 1
    assert len(world.backend.attempts) == 1


def test_a_server_that_gives_short_pages_is_read_to_the_end(world: World) -> None:
    world.supabase.add_monitors(due(95))
    world.supabase.max_rows = 30

    with world.function() as function:
        assert function({"frequency": "daily"})["succeeded"] == 95
    pages = [r for r in world.supabase.requests if r["method"] == "GET"]
    assert len(pages) == 5
