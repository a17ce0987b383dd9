"""The books of a soak: what was sent, what was promised to its sender, and what came of it.

Every thing sent has a name of its own, which is found again wherever it leaves a trace. An answer
promises something: of an accepted thing each trace must be there exactly once, of a refused one
none. Of a thing that nobody answered neither is known, but twice is too often for it, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any


class Answer(StrEnum):
    """What a sender was told."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NONE = "unanswered"  # an error, or no answer at all


class Fault(StrEnum):
    """What is wrong in the books."""

    LOST = "lost"
    TWICE = "twice"
    KEPT = "refused, and there all the same"
    STRANGE = "there, and never sent"
    LET_IN = "accepted, and should have been refused"
    TURNED_AWAY = "refused, and should have been accepted"


@dataclass(frozen=True)
class Problem:
    """One entry that does not balance."""

    system: str
    trace: str
    name: str
    fault: Fault
    count: int


@dataclass
class Account:
    """One system's books.

    Attributes:
        system: Its name.
        answers: By the name of what was sent, what its sender was told at last.
        reasons: How often each refusal or error was given.
        tries: How often something was sent, again or not.
        bad: Names of what must be refused.
    """

    system: str
    answers: dict[str, Answer] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    tries: int = 0
    bad: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def send(self, name: str, *, bad: bool = False) -> None:
        """Note it before it is on its way: whatever happens then, it may arrive."""
        with self._lock:
            self.tries += 1
            if bad:
                self.bad.add(name)
            self.answers.setdefault(name, Answer.NONE)

    def accepted(self, name: str) -> None:
        with self._lock:
            self.answers[name] = Answer.ACCEPTED

    def refused(self, name: str, why: str) -> None:
        with self._lock:
            self.answers[name] = Answer.REFUSED
            self.reasons[why] += 1

    def failed(self, why: str) -> None:
        """No answer that promises anything: what was known of it stays."""
        with self._lock:
            self.reasons[why] += 1

    def named(self, answer: Answer) -> set[str]:
        """What got this answer."""
        return {name for name, given in self.answers.items() if given is answer}


@dataclass(frozen=True)
class Trace:
    """Where things of a system leave a trace: stored, notified, audited.

    Attributes:
        kind: Which of these.
        found: How often each name is there.
        without: Names that must leave none here although they were accepted.
    """

    kind: str
    found: Counter[str]
    without: frozenset[str] = frozenset()


def balance(account: Account, traces: Iterable[Trace]) -> list[Problem]:
    """Every entry that does not balance, and every answer that should have been another."""
    wrong = {
        Fault.LET_IN: account.named(Answer.ACCEPTED) & account.bad,
        Fault.TURNED_AWAY: account.named(Answer.REFUSED) - account.bad,
    }
    problems = [
        Problem(account.system, "answer", name, fault, 1)
        for fault, names in wrong.items()
        for name in sorted(names)
    ]
    for trace in traces:
        for name in sorted(account.answers.keys() | trace.found.keys()):
            fault = _fault(account.answers.get(name), trace, name)
            if fault:
                found = trace.found[name]
                problems.append(Problem(account.system, trace.kind, name, fault, found))
    return problems


def _fault(answer: Answer | None, trace: Trace, name: str) -> Fault | None:
    count = trace.found[name]
    if answer is None:
        return Fault.STRANGE
    if count and (answer is Answer.REFUSED or name in trace.without):
        return Fault.KEPT
    if count > 1:
        return Fault.TWICE
    if not count and answer is Answer.ACCEPTED and name not in trace.without:
        return Fault.LOST
    return None


def row(account: Account, traces: Iterable[Trace], problems: list[Problem]) -> dict[str, Any]:
    """One system's line of the table."""
    mine = [problem for problem in problems if problem.system == account.system]
    return {
        "system": account.system,
        "sent": len(account.answers),
        "tries": account.tries,
        **{answer.value: len(account.named(answer)) for answer in Answer},
        **{trace.kind: trace.found.total() for trace in traces},
        **{fault.name.lower(): sum(p.fault is fault for p in mine) for fault in Fault},
        "reasons": dict(account.reasons),
    }
