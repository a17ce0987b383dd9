"""scheduled-digest when Supabase, its key, the ledger or the event is not as it should be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from standins.supabase import Fault

from tests.kit.digest import KEY, World, lines, metrics, monitor
from tests.kit.process import until
from tests.kit.scripted import Reply, serving

if TYPE_CHECKING:
    from typing import Any


def due(count: int, **columns: Any) -> list[dict[str, Any]]:
    return [monitor(UUID(int=n), f"acme/r{n:04}", **columns) for n in range(1, count + 1)]


@pytest.fixture
def mixed(world: World) -> World:
    """Two monitors that are due, and three deleted longer ago than they are kept."""
    gone = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    world.supabase.add_monitors(due(2))
    world.supabase.add_monitors(
        [
            monitor(UUID(int=n), f"acme/gone-{n}", deleted=True, deleted_at=gone)
            for n in (101, 102, 103)
        ]
    )
    return world


def test_a_failed_purge_stops_no_digest_and_fails_the_run(
    mixed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed.supabase.faults = [Fault(method="DELETE", status=400)]

    with mixed.function() as function, pytest.raises(Exception, match="could not be purged"):
        function({"frequency": "daily"})

    assert mixed.delivered() == ["acme/r0001", "acme/r0002"]
    output = capsys.readouterr().out
    events = [line["event"] for line in lines(output)]
    assert "purge failed" in events
    assert events.index("processing complete") < events.index("invocation_failed")
    assert metrics(output)["PurgeFailed"] == 1


def test_a_purge_that_is_refused_at_first_is_repeated(mixed: World) -> None:
    mixed.supabase.faults = [Fault(method="DELETE", status=503, times=2)]

    with mixed.function() as function:
        assert function({"frequency": "daily"})["purged"] == 3


@pytest.mark.parametrize(("status", "succeeded"), [(200, 3), (400, 2), (503, 3)])
def test_an_odd_retry_after_harms_nobody(world: World, status: int, succeeded: int) -> None:
    world.supabase.add_monitors(due(3))
    odd = Reply(status, b"{}", {"retry-after": "Wed, 21 Oct 99999999999 07:28:00 GMT"})

    with serving() as backend:
        backend.script(Reply(200, b"{}"), odd, Reply(200, b"{}"))
        endpoint = f"{backend.url}/api/v1/digest"
        with world.function(BACKEND_DIGEST_ENDPOINT=endpoint, DIGEST_CONCURRENCY=1) as function:
            answer = function({"frequency": "daily"})
            again = function({"frequency": "daily"})

    assert (answer["succeeded"], answer["failed"]) == (succeeded, 3 - succeeded)
    # Who was sent a digest is known, and is not sent another.
    assert (again["active"], again["skipped"]) == (3, succeeded)


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
    assert len(set(world.sent_keys())) == len(world.sent_keys()) == 20


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
