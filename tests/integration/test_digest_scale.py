"""Two and a half thousand monitors, a backend that does everything wrong, and little time."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from scheduled_digest import pace

from tests.kit.digest import World, lines, monitor
from tests.kit.junit import Record

if TYPE_CHECKING:
    from typing import Any

NOW = datetime.now(UTC)
SECONDS = 8.0
PER_MINUTE = 15_000
MALFORMED: list[dict[str, Any]] = [
    {"repo": "no-owner"},
    {"repo": None},
    {"webhook_url": None},
    {"webhook_url": "not a url"},
    {"delivery_method": "pigeon"},
    {"delivery_method": None},
    {"delivery_method": "email"},
    {"delivery_method": "email", "email": "nobody"},
]


def rows() -> list[dict[str, Any]]:
    """2,500 that are due, a hundred of them malformed, among 500 that are not."""
    made = []
    for n in range(2500):
        damage = MALFORMED[n // 25 % len(MALFORMED)] if n % 25 == 24 else {}
        email = {"delivery_method": "email", "email": f"team{n}@example.com"}
        method = email if n % 3 and not damage else {}
        # Spread over the pages as random ids are.
        identity = UUID(int=n * 7919 % 2500 + 1)
        made.append(monitor(identity, f"acme/r{n:04}") | method | damage)
    others: list[dict[str, Any]] = [
        {"frequency": "weekly"},
        {"frequency": "on_merge"},
        {"deleted": True, "deleted_at": (NOW - timedelta(days=31)).isoformat()},
        {"deleted": True, "deleted_at": (NOW - timedelta(days=400)).isoformat()},
        {"deleted": True, "deleted_at": (NOW - timedelta(days=29)).isoformat()},
    ]
    return made + [
        monitor(UUID(int=10_000 + n), f"acme/other{n}", **others[n % 5]) for n in range(500)
    ]


def misbehave(world: World) -> None:
    """Each of these meets the first attempt of a few digests in a hundred."""
    troubles = [
        (0.02, {"kind": "rate_limited"}),
        (0.01, {"kind": "rate_limited", "retry_after": 0}),
        (0.03, {"kind": "error", "status": 500}),
        (0.01, {"kind": "error", "status": 503, "retry_after": 0, "as_date": True}),
        (0.01, {"kind": "hang"}),
        (0.01, {"kind": "hang_after"}),
        (0.02, {"kind": "drop_before"}),
        (0.02, {"kind": "drop_after"}),
        (0.02, {"kind": "not_json"}),
        (0.02, {"kind": "no_content"}),
    ]
    rules = [{"probability": p, "times": 1, "behaviour": b} for p, b in troubles]
    world.behave(*rules, rate_per_minute=PER_MINUTE)


def test_every_due_monitor_gets_one_digest_within_time_memory_and_rate(
    world: World, record_property: Record
) -> None:
    table = rows()
    world.supabase.add_monitors(table)
    misbehave(world)

    with world.process(
        DIGEST_CONCURRENCY=20,
        DIGEST_RATE_PER_MINUTE=PER_MINUTE,
        DIGEST_CALL_TIMEOUT=0.7,
    ) as process:
        began = time.time()
        reports = process.chain({"frequency": "daily"}, world.successor.events, seconds=SECONDS)
        log = lines(process.output.read_text())

    last = reports[-1]["result"]
    assert last == {
        "frequency": "daily",
        "active": 2500,
        "succeeded": 2400,
        "failed": 100,
        "skipped": 0,
        "purged": 200,
        "continued": False,
    }
    # Exactly once each.
    malformed = [row for n, row in enumerate(table[:2500]) if n % 25 == 24]
    healthy = [row for n, row in enumerate(table[:2500]) if n % 25 != 24]
    assert world.delivered() == sorted(row["repo"] for row in healthy)
    assert set(Counter(world.sent_keys()).values()) == {1}
    # Every trouble was met, and lost answers were asked for again.
    outcomes = Counter(attempt["outcome"] for attempt in world.backend.attempts)
    assert {"rate_limited", "error", "hang", "drop_before", "repeat"} <= set(outcomes)
    # Malformed rows are reported by id.
    named = sorted(line["monitor_id"] for line in log if line["event"] == "malformed monitor")
    assert named == sorted(row["id"] for row in malformed)
    # The purge took the old ones and nothing else.
    left = world.supabase.run("SELECT count(*) FROM monitors WHERE deleted").fetchone()
    assert left == (100,)
    # No run took longer than it had, nor more memory than Lambda's smallest size.
    assert len(reports) > 1, "there was time enough for all of them in one run"
    assert [report["result"]["continued"] for report in reports[:-1]] == [True] * (len(reports) - 1)
    longest = max(report["seconds"] for report in reports)
    memory = max(report["max_rss_kib"] for report in reports) / 1024
    record_property("of_its_time", round(longest / SECONDS, 3))
    record_property("peak_mib", round(memory, 1))
    assert longest < SECONDS
    assert memory < 128
    # The rate, at the backend: none refused by its own limit, and none before its slot.
    assert "over_limit" not in outcomes
    times = sorted(attempt["at"] for attempt in world.backend.attempts)
    step = pace.spacing(PER_MINUTE) / 1000
    assert all(at > began + n * step - 0.002 for n, at in enumerate(times))
