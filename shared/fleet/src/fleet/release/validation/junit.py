"""A validation as JUnit XML: a test suite for each function, a test case for each check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from fleet.release.validation.checks import Check, FunctionResult, Validation

# XML 1.0 has no way to write these, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(validation: Validation) -> str:
    """The XML; a warning is a test that passed and has something to say."""
    root = ET.Element("testsuites", name=f"{validation.project} in {validation.environment}")
    _count(root, validation.functions, validation.seconds)
    for result in validation.functions:
        _suite(root, validation, result)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _count(element: ET.Element, results: list[FunctionResult], seconds: float) -> None:
    element.set("tests", str(sum(len(result.checks) for result in results)))
    element.set("failures", str(sum(result.count("failed") for result in results)))
    element.set("errors", "0")
    element.set("skipped", str(sum(result.count("skipped") for result in results)))
    element.set("time", f"{seconds:.3f}")


def _suite(root: ET.Element, validation: Validation, result: FunctionResult) -> None:
    suite = ET.SubElement(root, "testsuite", name=result.function)
    suite.set("timestamp", validation.started_at.partition("+")[0])
    _count(suite, [result], result.seconds)
    for check in result.checks:
        _case(suite, f"{validation.environment}.{result.function}", check)


def _case(suite: ET.Element, owner: str, check: Check) -> None:
    case = ET.SubElement(suite, "testcase", classname=owner, name=_text(check.name))
    case.set("time", f"{check.seconds:.3f}")
    if check.result == "failed":
        failure = ET.SubElement(case, "failure", type=check.group, message=_text(check.detail))
        failure.text = _text(f"{check.detail}\nto do: {check.todo}")
    elif check.result == "skipped":
        ET.SubElement(case, "skipped", message=_text(check.detail))
    elif check.result == "warned":
        ET.SubElement(case, "system-out").text = _text(f"{check.detail}\nto do: {check.todo}")


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
