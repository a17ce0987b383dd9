"""What is wrong with something, and how bad that is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fault(StrEnum):
    """The classes of what is refused, the most severe first.

    Attributes:
        SCHEMA_CHANGE: It has another shape: nothing of the kind can be read until someone looks.
        DATA_QUALITY: The shape is right and what it says cannot be.
        ROUNDING_MISMATCH: Percentages are rounded in another way.
        TRANSIENT: It did not come, or not whole, or is not filled in yet; it may later.
        UNKNOWN: None of these.
    """

    SCHEMA_CHANGE = "schema_change"
    DATA_QUALITY = "data_quality"
    ROUNDING_MISMATCH = "rounding_mismatch"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


_ORDER = tuple(Fault)
_SHOWN = 20  # issues: a changed schema has one for each player and statistic


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong.

    Attributes:
        fault: Its class.
        text: Where and what, for people.
    """

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation found.

    Attributes:
        issues: All of them.
    """

    issues: tuple[Issue, ...] = ()

    @classmethod
    def of(cls, issues: Iterable[Issue]) -> Verdict:
        """The verdict of a validator's findings."""
        return cls(tuple(issues))

    @classmethod
    def single(cls, fault: Fault, text: str) -> Verdict:
        """A verdict of one issue."""
        return cls((Issue(fault, text),))

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.issues

    @property
    def fault(self) -> Fault:
        """The most severe class of the issues; `UNKNOWN` when there are none."""
        return min((issue.fault for issue in self.issues), key=_ORDER.index, default=Fault.UNKNOWN)

    def as_json(self) -> dict[str, Any]:
        """As a quarantined record has it: the most severe issues first, not all of very many."""
        ordered = sorted(self.issues, key=lambda issue: _ORDER.index(issue.fault))
        shown = [f"{issue.fault}: {issue.text}" for issue in ordered[:_SHOWN]]
        return {"valid": self.valid, "issues": shown, "issues_count": len(self.issues)}


class _NotJson(Exception):  # noqa: N818 - never leaves this module
    pass


def _refuse(constant: str) -> NoReturn:
    raise _NotJson(constant)


def parse(body: bytes) -> tuple[Any, Verdict]:
    """The JSON document in an answer's body, None with a verdict that says why there is none."""
    try:
        return json.loads(body, parse_constant=_refuse), Verdict()
    except _NotJson as error:
        return None, Verdict.single(Fault.DATA_QUALITY, f"{error} is not a number")
    except RecursionError:
        return None, Verdict.single(Fault.UNKNOWN, "the document is nested too deeply")
    except ValueError:
        text = f"the answer of {len(body)} bytes is not JSON, or only a part of it"
        return None, Verdict.single(Fault.TRANSIENT, text)
