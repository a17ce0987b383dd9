"""The digest's ledger, on DynamoDB's dialect."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from function_kit.aws_errors import AwsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scheduled_digest.ledger import Claimant, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduled_digest.ledger import Ledger

    from tests.kit.digest import World

MONITOR = UUID(int=1)
DAY = date(2026, 3, 2)
NOW = 1_772_456_400.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(world: World, clock: Clock) -> Iterator[Ledger]:
    with world.ledger(clock) as ledger:
        yield ledger


def claimant(owner: str, lease: float = 300.0, day: date = DAY) -> Claimant:
    return Claimant(owner, NOW + lease, day)


def item(world: World, key: str) -> dict[str, Any]:
    answer = world.dynamodb.get_item(TableName=world.table, Key={"pk": {"S": key}})
    found: dict[str, Any] = answer.get("Item", {})
    return found


def test_one_claims_and_the_other_does_not(ledger: Ledger) -> None:
    assert ledger.claim(MONITOR, claimant("a"))
    assert not ledger.claim(MONITOR, claimant("b"))


def test_the_same_run_repeated_takes_its_own_claim_over_at_once(ledger: Ledger) -> None:
    ledger.claim(MONITOR, claimant("a"))

    assert ledger.claim(MONITOR, claimant("a"))


def test_a_claim_is_free_when_its_run_is_over_for_certain(ledger: Ledger, clock: Clock) -> None:
    ledger.claim(MONITOR, claimant("a", lease=300))

    clock.now = NOW + 299
    assert not ledger.claim(MONITOR, claimant("b", lease=600))
    clock.now = NOW + 301
    assert ledger.claim(MONITOR, claimant("b", lease=600))
    assert not ledger.claim(MONITOR, claimant("a", lease=900))


def test_another_day_is_another_digest(ledger: Ledger) -> None:
    ledger.claim(MONITOR, claimant("a"))

    assert ledger.claim(MONITOR, claimant("b", day=date(2026, 3, 3)))


@pytest.mark.parametrize(
    ("state", "takeable"), [(State.SENT, False), (State.FAILED, True), (State.DEFERRED, True)]
)
@pytest.mark.parametrize("owner", ["a", "b"])
def test_what_is_sent_is_sent_and_the_rest_may_be_tried_again(
    ledger: Ledger, clock: Clock, state: State, owner: str, *, takeable: bool
) -> None:
    ledger.claim(MONITOR, claimant("a"))
    ledger.settle(MONITOR, claimant("a"), state)

    clock.now = NOW + 1000
    assert ledger.claim(MONITOR, claimant(owner, lease=2000)) is takeable


def test_a_claim_that_was_taken_over_is_not_given_up_by_its_old_owner(
    ledger: Ledger, clock: Clock
) -> None:
    ledger.claim(MONITOR, claimant("a", lease=1))
    clock.now = NOW + 2
    ledger.claim(MONITOR, claimant("b"))

    ledger.settle(MONITOR, claimant("a", lease=1), State.FAILED)

    assert not ledger.claim(MONITOR, claimant("c"))


def test_a_digest_that_went_out_late_is_sent_all_the_same(ledger: Ledger, clock: Clock) -> None:
    ledger.claim(MONITOR, claimant("a", lease=1))
    clock.now = NOW + 2
    ledger.claim(MONITOR, claimant("b"))

    ledger.settle(MONITOR, claimant("a", lease=1), State.SENT)
    ledger.settle(MONITOR, claimant("b"), State.FAILED)

    assert not ledger.claim(MONITOR, claimant("c"))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["claim", "sent", "failed", "deferred", "wait"]),
            st.sampled_from(["a", "b", "c"]),
        ),
        max_size=25,
    )
)
def test_no_order_of_events_gives_two_owners_or_a_second_digest(
    ledger: Ledger, clock: Clock, steps: list[tuple[str, str]]
) -> None:
    """Against the rules as a table would state them, with a lease of 100 s and steps of 60 s."""
    clock.now, monitor = NOW, uuid4()  # every example finds the same table
    holder, until, sent = "", 0.0, False
    for action, owner in steps:
        who = Claimant(owner, clock.now + 100, DAY)
        if action == "wait":
            clock.now += 60
        elif action == "claim":
            free = not sent and (not holder or holder == owner or until < clock.now)
            assert ledger.claim(monitor, who) is free
            if free:
                holder, until = owner, clock.now + 100
        elif holder == owner:
            ledger.settle(monitor, who, State(action))
            sent = sent or action == "sent"
            holder = ""


def test_items_expire_and_hold_nothing_but_ids_and_states(ledger: Ledger, world: World) -> None:
    ledger.claim(MONITOR, claimant("a"))

    found = item(world, f"digest#2026-03-02#{MONITOR}")
    assert set(found) == {"pk", "state", "owner", "lease_until", "expires_at"}
    assert int(found["expires_at"]["N"]) == NOW + 7 * 86_400


def test_a_run_is_started_once_and_keeps_its_day(ledger: Ledger) -> None:
    assert not ledger.started("root", 1)

    first = ledger.start("root", 1, "a", DAY)
    second = ledger.start("root", 1, "b", date(2026, 3, 3))

    assert first == second
    assert (second.owner, second.day) == ("a", DAY)
    assert ledger.started("root", 1)
    assert not ledger.started("root", 2)


def test_slots_are_reserved_by_one_at_a_time(ledger: Ledger) -> None:
    assert ledger.reserve(0, 1000) is None
    assert ledger.reserve(0, 2000) == 1000
    assert ledger.reserve(1000, 2000) is None
    assert ledger.reserve(1000, 2000) == 2000


def test_a_table_that_is_not_there_is_an_error_without_its_name(
    world: World, ledger: Ledger
) -> None:
    world.dynamodb.delete_table(TableName=world.table)

    for use in (
        lambda: ledger.claim(MONITOR, claimant("a")),
        lambda: ledger.settle(MONITOR, claimant("a"), State.SENT),
        lambda: ledger.start("root", 0, "a", DAY),
        lambda: ledger.started("root", 0),
        lambda: ledger.reserve(0, 1),
        ledger.check,
    ):
        with pytest.raises(AwsError, match="ledger failed: ResourceNotFound") as error:
            use()
        assert world.table not in str(error.value)
