"""Four hundred messages on the local stack, with IAM enforced, while everything goes wrong.

`tests.performance.message_flood` sends five thousand the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from message_kit.message import Status

from tests.e2e.conftest import Stack
from tests.kit.flood import REASONS, Flood

pytestmark = pytest.mark.stack
COUNT = 400
SECONDS = 240  # to be given up after


@pytest.fixture(scope="module")
def flood(stack: Stack) -> Iterator[Flood]:
    """The flood, when it is over: everything has come to an end of some kind."""
    control = stack.place.control("message-processor")
    image = control.version(control.alias().version).image
    made = Flood(stack.environment, stack.place.terraform.outputs()["messages"], seed=7)
    made.go_through(image, COUNT, SECONDS)
    yield made
    made.behave(fixed=True)


def test_processors_were_killed(flood: Flood) -> None:
    assert flood.kills > 1


def test_nothing_is_lost_and_nothing_is_left_half_way(flood: Flood) -> None:
    stored = flood.stored()
    assert stored.keys() == {message.id for message in flood.messages}
    ended = {Status.COMPLETED, Status.FAILED}
    waiting = {message.id for message in stored.values() if message.status not in ended}
    # Whoever is killed before it has claimed a message, three times, leaves no word but these.
    assert waiting <= flood.buried().keys()
    assert len(waiting) <= flood.kills * 10


def test_every_good_message_is_notified_exactly_once(flood: Flood) -> None:
    ledger = flood.ledger()
    shown = Counter(item["sequence_id"] for item in ledger["notifications"])
    stored = flood.stored()
    completed = {m.id for m in flood.good if stored[m.id].status == Status.COMPLETED}
    assert shown == Counter(dict.fromkeys(completed, 1))
    # Three deaths of its processors make a dead letter of a good message too.
    assert len(flood.good) - len(completed) <= flood.kills // 3 * 50
    assert ledger["repeats"] == 0
    assert ledger["strays"] == 0


def test_every_poison_message_is_a_dead_letter_after_three_tries_with_its_reason(
    flood: Flood,
) -> None:
    stored, buried = flood.stored(), flood.buried()
    killed = 0
    for name, messages in flood.poison.items():
        for message in messages:
            found = stored[message.id]
            assert message.id in buried
            assert found.status in {Status.FAILED, Status.QUEUED}
            told = found.error_message == REASONS[name]
            tried = [m for m in found.timeline if m.status is Status.PROCESSING]
            killed += not (told and len(tried) >= 3)
    # A try of the others was killed: before it was claimed, or as the last one, as the sweep has
    # said. Those are few.
    assert killed * 2 < sum(len(messages) for messages in flood.poison.values())


def test_after_the_fix_a_redrive_brings_the_rest_home(flood: Flood) -> None:
    before = flood.ledger()["notifications"]
    flood.behave(fixed=True)
    assert flood.redrive() >= sum(len(found) for found in flood.poison.values())
    flood.settle(SECONDS)
    flood.sweep()
    assert Counter(m.status for m in flood.stored().values()) == {Status.COMPLETED: COUNT}
    # The script was set anew, and with it the ledger.
    after = Counter(item["sequence_id"] for item in flood.ledger()["notifications"])
    assert set(after.values()) == {1}
    notified = {item["sequence_id"] for item in before} | after.keys()
    assert notified == {message.id for message in flood.messages}
    assert flood.waiting(flood.dead_letters) == 0
