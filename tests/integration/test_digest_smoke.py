"""The smoke test of scheduled-digest, and its sample events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from standins.supabase import Fault

from tests.kit.digest import World, monitor
from tests.kit.services import ROOT, free_port

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

SMOKE = {"test": True}
EVENTS = sorted((ROOT / "images/scheduled-digest/events").glob("*.json"))


def test_it_checks_every_dependency_and_sends_nothing(world: World) -> None:
    world.supabase.add_monitors([monitor(UUID(int=1), "acme/api")])

    with world.function() as function:
        answer = function(SMOKE)

    assert answer["statusCode"] == 200
    assert answer["checks"] == dict.fromkeys(
        ["supabase", "ledger", "backend", "continuation"], "ok"
    )
    assert world.backend.attempts == []
    assert world.successor.events == []
    assert {request["method"] for request in world.supabase.requests} == {"GET"}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"SUPABASE_SERVICE_ROLE_KEY": "another-key-of-the-test"}, "supabase"),
        ({"SUPABASE_SERVICE_ROLE_KEY": "secretsmanager:nowhere"}, "supabase"),
        ({"SUPABASE_URL": f"http://127.0.0.1:{free_port()}"}, "supabase"),
        ({"DIGEST_LEDGER_TABLE": "nowhere"}, "ledger"),
        ({"BACKEND_DIGEST_ENDPOINT": f"http://127.0.0.1:{free_port()}/api/v1/digest"}, "backend"),
        ({"BACKEND_DIGEST_ENDPOINT": "http://no-such-host.invalid/api/v1/digest"}, "backend"),
    ],
)
def test_what_does_not_work_is_named(world: World, changes: dict[str, object], check: str) -> None:
    with world.function(**changes) as function, pytest.raises(Exception, match=check) as error:
        function(SMOKE)

    others = {"supabase", "ledger", "backend", "continuation"} - {check}
    assert not any(f"{other} (" in str(error.value) for other in others)
    assert "another-key" not in str(error.value)


def test_a_role_that_may_not_continue_is_found(world: World) -> None:
    world.successor.refuse = 403

    with (
        world.function() as function,
        pytest.raises(Exception, match=r"continuation .*AccessDenied"),
    ):
        function(SMOKE)


def test_a_supabase_without_the_table_is_found(world: World) -> None:
    world.supabase.faults = [Fault(method="GET", status=404)]

    with world.function() as function, pytest.raises(Exception, match=r"supabase .*answered 404"):
        function(SMOKE)


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_the_sample_events_are_answered_as_they_say(world: World, path: Path) -> None:
    sample: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    with world.function() as function:
        answer = function(sample["event"])

    assert set(sample) == {"description", "event", "expect"}
    assert sample["expect"].items() <= answer.items()


def test_there_is_a_sample_of_every_kind_of_event() -> None:
    assert {path.stem for path in EVENTS} == {"smoke", "daily", "weekly", "both", "continuation"}
