"""One run of scheduled-digest, against the stand-ins and a real ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from standins.supabase import Fault

from tests.kit.digest import KEY, World, lines, metrics, monitor, until

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


def test_trouble_that_stays_is_a_failure(world: World) -> None:
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


def test_a_failed_purge_stops_no_digest_and_fails_the_run(
    mixed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed.supabase.faults = [Fault(method="DELETE", status=400)]

    with mixed.function() as function, pytest.raises(Exception, match="could not be purged"):
        function({"frequency": "daily"})

    assert mixed.delivered() == ["acme/daily-1", "acme/daily-2"]
    output = capsys.readouterr().out
    events = [line["event"] for line in lines(output)]
    assert "purge failed" in events
    assert events.index("processing complete") < events.index("invocation_failed")
    assert metrics(output)["PurgeFailed"] == 1


def test_a_purge_that_is_refused_at_first_is_repeated(mixed: World) -> None:
    mixed.supabase.faults = [Fault(method="DELETE", status=503, times=2)]

    with mixed.function() as function:
        assert function({"frequency": "daily"})["purged"] == 3


def test_supabase_out_of_order_fails_the_run_and_sends_nothing(world: World) -> None:
    world.supabase.add_monitors(due(3))
    world.supabase.faults = [Fault(method="GET", status=400)]

    with world.function() as function, pytest.raises(Exception, match="Supabase answered 400"):
        function({"frequency": "daily"})

    assert world.backend.attempts == []


def test_a_page_that_fails_half_way_fails_the_run_and_a_repeat_completes_it(
    world: World,
) -> None:
    world.supabase.add_monitors(due(20))
    world.supabase.max_rows = 10
    world.supabase.faults = [Fault(method="GET", status=400, skip=1, times=1)]
    with world.function() as function:
        with pytest.raises(Exception, match="Supabase answered 400"):
            function({"frequency": "daily"}, request_id="same")
        begun = len(world.backend.deliveries)
        answer = function({"frequency": "daily"}, request_id="same")

    assert begun == 10, "what was begun was brought to its end"
    assert (answer["succeeded"], answer["skipped"]) == (10, 10)
    assert len(set(world.keys())) == len(world.keys()) == 20


def test_a_rotated_key_is_fetched_again(world: World) -> None:
    world.supabase.add_monitors(due(3))
    secrets = world.client("secretsmanager")
    name = f"key-{world.table}"
    secrets.create_secret(Name=name, SecretString=KEY)
    with world.function(SUPABASE_SERVICE_ROLE_KEY=f"secretsmanager:{name}") as function:
        assert function({"frequency": "weekly"})["active"] == 0
        world.supabase.key = "the-next-key-of-the-test"
        secrets.put_secret_value(SecretId=name, SecretString="the-next-key-of-the-test")

        assert function({"frequency": "daily"})["succeeded"] == 3


def test_a_wrong_key_fails_the_run_and_is_not_written_down(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        world.function(SUPABASE_SERVICE_ROLE_KEY="not-the-key-of-the-test") as function,
        pytest.raises(Exception, match="Supabase answered 401") as error,
    ):
        function({"frequency": "daily"})

    assert "not-the-key" not in capsys.readouterr().out + str(error.value)


def test_no_ledger_no_digest(world: World) -> None:
    world.supabase.add_monitors(due(3))

    with (
        world.function(DIGEST_LEDGER_TABLE="nowhere") as function,
        pytest.raises(Exception, match="ledger failed: ResourceNotFoundException"),
    ):
        function({"frequency": "daily"})

    assert world.backend.attempts == []


def test_a_ledger_that_is_lost_in_the_middle_fails_the_run(world: World) -> None:
    world.supabase.add_monitors(due(60))
    world.behave(default={"latency": 0.05})

    def lose() -> None:
        until(lambda: len(world.backend.deliveries) >= 5)
        world.dynamodb.delete_table(TableName=world.table)

    with world.function(DIGEST_CONCURRENCY=2) as function, ThreadPoolExecutor(1) as pool:
        lost = pool.submit(lose)
        with pytest.raises(Exception, match="ResourceNotFoundException"):
            function({"frequency": "daily"})
        lost.result()

    assert 5 <= len(world.backend.deliveries) < 20


@pytest.mark.parametrize(
    "event", [{"frequency": "hourly"}, {"continuation": {}}, {"continuation": {"after": "x"}}]
)
def test_an_event_that_is_not_ours_is_refused(world: World, event: dict[str, Any]) -> None:
    with world.function() as function, pytest.raises(Exception, match="validation error"):
        function(event)
    assert world.supabase.requests == []
