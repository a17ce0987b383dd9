"""Test reports in JUnit's XML, as CI systems read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

# XML 1.0 has no way to write these, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Attributes:
        name: Within its suite.
        owner: What is tested, with dots between its levels.
        seconds: How long it took.
        failure: Why it failed; empty when it did not.
        kind: The failure's kind.
        skipped: Why it was not made; empty when it was.
        text: More of a failure, or what a passed test has to say.
    """

    name: str
    owner: str
    seconds: float = 0
    failure: str = ""
    kind: str = "failure"
    skipped: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one thing; `timestamp` is ISO 8601 without an offset, in UTC."""

    name: str
    timestamp: str
    seconds: float
    cases: Sequence[Case] = field(default_factory=tuple)


def render(name: str, seconds: float, suites: Sequence[Suite]) -> str:
    """The XML of a run that took so long."""
    root = ET.Element("testsuites", name=text(name))
    _count(root, [case for suite in suites for case in suite.cases], seconds)
    for suite in suites:
        element = ET.SubElement(root, "testsuite", name=text(suite.name), timestamp=suite.timestamp)
        _count(element, suite.cases, suite.seconds)
        for case in suite.cases:
            _write(element, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def text(value: str) -> str:
    """The same text without what XML cannot hold."""
    return _UNWRITABLE.sub("\ufffd", value)


def _count(element: ET.Element, cases: Sequence[Case], seconds: float) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(bool(case.failure) for case in cases)))
    element.set("errors", "0")
    element.set("skipped", str(sum(bool(case.skipped) for case in cases)))
    element.set("time", f"{seconds:.3f}")


def _write(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(suite, "testcase", classname=text(case.owner), name=text(case.name))
    element.set("time", f"{case.seconds:.3f}")
    if case.failure:
        failure = ET.SubElement(element, "failure", type=case.kind, message=text(case.failure))
        failure.text = text(case.text or case.failure)
    elif case.skipped:
        ET.SubElement(element, "skipped", message=text(case.skipped))
    elif case.text:
        ET.SubElement(element, "system-out").text = text(case.text)
