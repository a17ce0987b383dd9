"""What pytest wrote down of a run: its JUnit report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

LINES = 12  # of what a failed test said

type Record = Callable[[str, object], None]
"""pytest's `record_property`: a figure that a test has measured, for who reads the report."""


@dataclass(frozen=True)
class Outcome:
    """One test.

    Attributes:
        test: Its id as pytest writes it.
        said: What it said when it did not pass; "" when it did.
        figures: What it measured (`record_property`), by name.
    """

    test: str
    said: str = ""
    figures: dict[str, float] = field(default_factory=dict)


def outcomes(report: Path) -> list[Outcome]:
    """The tests of a report; none when there is no report."""
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest wrote it just now
    return [Outcome(_id(case), _said(case), _figures(case)) for case in cases]


def of_selection(test: str, selection: tuple[str, ...]) -> bool:
    """Whether a test's id is in a selection: of a file that it names, or of a `file::test`."""
    name = test.partition("[")[0]
    return any(name == each or name.startswith(f"{each}::") for each in selection)


def end(text: str) -> str:
    """The last lines of what somebody said."""
    return "\n".join(text.strip().splitlines()[-LINES:])


def _id(case: ET.Element) -> str:
    return f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '')}"


def _said(case: ET.Element) -> str:
    """A test that was skipped shows nothing, and does not pass here."""
    for kind in ("failure", "error", "skipped"):
        if (found := case.find(kind)) is not None:
            return f"{kind}: {end(found.get('message') or found.text or '')}"
    return ""


def _figures(case: ET.Element) -> dict[str, float]:
    return {each.get("name", ""): float(each.get("value", "nan")) for each in case.iter("property")}
