"""The books of a soak: a loss, a duplicate and a stranger are found, and nothing else is."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.soak import alarms, report
from tests.soak.faults import CALM, KINDS, Event, schedule
from tests.soak.ledger import Account, Answer, Fault, Trace, balance, row
from tests.soak.traces import names
from tests.soak.traffic import Messages


def account(**answers: Answer) -> Account:
    return Account("messages", dict(answers), bad={"bad"})


def faults(books: Account, *traces: Trace) -> list[tuple[str, str, Fault]]:
    return [(p.trace, p.name, p.fault) for p in balance(books, traces)]


def stored(*found: str) -> Trace:
    return Trace("stored", Counter(found))


BOOKS = {"good": Answer.ACCEPTED, "bad": Answer.REFUSED, "unknown": Answer.NONE}


def test_what_is_there_once_balances_and_of_the_unknown_either_will_do() -> None:
    assert faults(account(**BOOKS), stored("good")) == []
    assert faults(account(**BOOKS), stored("good", "unknown")) == []


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ((), [("stored", "good", Fault.LOST)]),
        (("good", "good"), [("stored", "good", Fault.TWICE)]),
        (("good", "unknown", "unknown"), [("stored", "unknown", Fault.TWICE)]),
        (("good", "bad"), [("stored", "bad", Fault.KEPT)]),
        (("good", "who"), [("stored", "who", Fault.STRANGE)]),
    ],
)
def test_what_does_not_balance_is_named(found: tuple[str, ...], wrong: Any) -> None:
    assert faults(account(**BOOKS), stored(*found)) == wrong


def test_each_trace_is_held_to_the_promise_by_itself() -> None:
    notified = Trace("notified", Counter(good=2))
    assert faults(account(**BOOKS), stored("good"), notified) == [("notified", "good", Fault.TWICE)]


def test_an_answer_that_should_have_been_another_is_found() -> None:
    books = account(good=Answer.REFUSED, bad=Answer.ACCEPTED)
    assert faults(books, stored("bad")) == [
        ("answer", "bad", Fault.LET_IN),
        ("answer", "good", Fault.TURNED_AWAY),
    ]


def test_one_of_ten_thousand_is_found() -> None:
    sent = [f"n{number}" for number in range(10_000)]
    books = account(**dict.fromkeys(sent, Answer.ACCEPTED))
    assert faults(books, stored(*sent)) == []
    found = faults(books, stored(*sent[:-1], "n17"))
    assert found == [("stored", "n17", Fault.TWICE), ("stored", "n9999", Fault.LOST)]


def test_what_must_leave_no_trace_is_missed_nowhere_and_noticed_there() -> None:
    without = frozenset({"good"})
    assert faults(account(**BOOKS), Trace("notified", Counter(), without)) == []
    there = Trace("notified", Counter(good=1), without)
    assert faults(account(**BOOKS), there) == [("notified", "good", Fault.KEPT)]


def test_an_answer_is_remembered_through_later_tries() -> None:
    books = Account("treatments")
    books.send("one")
    books.failed("503")
    books.send("one")
    books.accepted("one")
    books.send("one")
    assert (books.answers, books.tries) == ({"one": Answer.ACCEPTED}, 3)
    assert books.reasons == Counter({"503": 1})


def test_a_line_of_the_table_counts_everything() -> None:
    books = account(**BOOKS)
    trace = stored("good", "good", "bad")
    line = row(books, [trace], balance(books, [trace]))
    wanted = {"sent": 3, "accepted": 1, "refused": 1, "unanswered": 1, "stored": 3}
    assert line | wanted | {"twice": 1, "kept": 1, "lost": 0, "strange": 0} == line


def test_names_are_found_in_any_text_and_those_of_another_soak_are_not() -> None:
    texts = ['{"a": "soak-7-messages-000012. poison"}', "soak-8-messages-000001.", "nothing"]
    assert names(texts, 7) == Counter({"soak-7-messages-000012.": 1})


@pytest.mark.parametrize(
    ("status", "answer", "settled"),
    [
        (201, Answer.ACCEPTED, True),
        (400, Answer.REFUSED, True),
        (403, Answer.NONE, False),
        (429, Answer.NONE, False),
        (500, Answer.NONE, False),
        (503, Answer.NONE, False),
    ],
)
def test_what_an_answer_promises(status: int, answer: Answer, settled: bool) -> None:
    sender = Messages.__new__(Messages)
    sender.account = Account("messages")
    sender.account.send("one")
    assert sender.judged("one", httpx.Response(status), 201) is settled
    assert sender.account.answers == {"one": answer}


def test_the_same_seed_breaks_the_same_things_at_the_same_times() -> None:
    assert schedule(4, 600) == schedule(4, 600)
    assert schedule(4, 600) != schedule(5, 600)


@pytest.mark.parametrize("seconds", [60, 300, 3600])
def test_every_kind_happens_and_the_end_is_calm(seconds: float) -> None:
    for seed in range(20):
        events = schedule(seed, seconds)
        assert {event.kind for event in events} == KINDS.keys()
        assert events[0].at >= CALM
        assert events[-1].at <= seconds - CALM
        assert all(a.at <= b.at for a, b in itertools.pairwise(events))
    assert str(Event(90, "local AWS paused", 4)) == "   1.5 min  local AWS paused for 4 s"


def test_an_alarm_that_is_silent_or_goes_off_for_nothing_is_told() -> None:
    assert alarms.judge({"dead"}, {"dead"}, set()) == []
    assert alarms.judge({"dead", "errors"}, {"dead"}, {"errors"}) == []
    assert alarms.judge(set(), {"dead"}, set()) == ["dead should have gone off"]
    assert alarms.judge({"other"}, set(), {"dead"}) == ["other went off for nothing"]


def test_an_alarm_is_held_to_its_own_threshold() -> None:
    alarm = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0}
    assert alarms.breaches(alarm, 1)
    assert not alarms.breaches(alarm, 0)
    assert not alarms.breaches(alarm | {"ComparisonOperator": "GreaterThanThreshold"}, 1)


def passed(**changes: Any) -> dict[str, Any]:
    books = [row(account(**BOOKS), [stored("good")], [])]
    return {
        "minutes": 1,
        "seed": 3,
        "books": books,
        "unbalanced": [],
        "faults": {"happened": {"container killed": 4}, "impossible": {"packets lost": "no"}},
        "deliveries": {"outcomes": {"release: 0": 3}, "problems": []},
        "alarms": {"fired": [], "problems": []},
        "trouble": [],
    } | changes


def test_a_soak_is_passed_only_if_nothing_at_all_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report.whole(passed()) == []
    lost = {"system": "messages", "trace": "stored", "name": "n1", "fault": "lost", "count": 0}
    nobody = row(account(bad=Answer.REFUSED), [stored()], [])
    for wrong, said in (
        ({"unbalanced": [lost]}, "messages: n1 lost (stored, 0 times)"),
        ({"books": [nobody]}, "messages: nothing was accepted"),
        ({"faults": {"happened": {}, "impossible": {}}}, "nothing went wrong: this was no soak"),
        ({"deliveries": {"outcomes": {}, "problems": ["half done"]}}, "half done"),
        ({"alarms": {"fired": [], "problems": ["silent"]}}, "silent"),
        ({"trouble": ["a sender ended"]}, "a sender ended"),
    ):
        assert report.whole(passed(**wrong)) == [said]
        report.show(passed(**wrong))
        assert said in " ".join(capsys.readouterr().err.split())
