"""What tests and tools found of each claim."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.kit.program import ROOT
from tests.security.report.claims import Claim

LINES = 12  # of what a failed test or tool said

type Run = Callable[[list[str]], subprocess.CompletedProcess[str]]


class State(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "not checked"


@dataclass(frozen=True)
class Finding:
    """A claim and what became of it.

    Attributes:
        chapter, text: The claim's.
        state: Whether it holds.
        checks: How many tests say so.
        command: Runs them again.
        details: What failed, or why nobody knows.
    """

    chapter: str
    text: str
    state: State
    checks: int
    command: str
    details: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return vars(self) | {"details": list(self.details)}


@dataclass(frozen=True)
class Outcome:
    """One test: its id as pytest writes it, and what it said when it did not pass."""

    test: str
    said: str = ""


def outcomes(report: Path) -> list[Outcome]:
    """The tests of a JUnit report of pytest's; none when there is no report."""
    if not report.exists():
        return []
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest wrote it just now
    return [Outcome(_id(case), _said(case)) for case in cases]


def _id(case: ET.Element) -> str:
    return f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '')}"


def _said(case: ET.Element) -> str:
    """A test that was skipped shows nothing, and does not pass here."""
    for kind in ("failure", "error", "skipped"):
        if (found := case.find(kind)) is not None:
            return f"{kind}: {_end(found.get('message') or found.text or '')}"
    return ""


def _end(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-LINES:])


def judged(claims: Iterable[Claim], found: list[Outcome]) -> list[Finding]:
    """What became of each claim.

    A claim needs each test that it names: one that is no longer there would prove nothing.
    """
    return [
        _judged(claim, [each for each in found if claim.includes(each.test)]) for claim in claims
    ]


def _judged(claim: Claim, mine: list[Outcome]) -> Finding:
    missing = [
        f"{name}: nothing ran"
        for name in claim.tests
        if not any(Claim("", "", (name,)).includes(each.test) for each in mine)
    ]
    failed = [f"{each.test}\n{each.said}" for each in mine if each.said]
    state = State.BROKEN if failed or missing else State.HOLDS
    command = f".venv/bin/python -m pytest {' '.join(claim.tests)}"
    return Finding(claim.chapter, claim.text, state, len(mine), command, (*failed, *missing))


def linted(run: Run) -> Finding:
    """What checkov, zizmor, hadolint and ruff have to say."""
    ended = run(["make", "--no-print-directory", "lint"])
    state = State.BROKEN if ended.returncode else State.HOLDS
    checks = ended.stdout.count("✓") + ended.stdout.count("✗")
    text = "Terraform, workflows, Dockerfiles and code pass checkov, zizmor, hadolint and ruff"
    details = (_end(ended.stdout + ended.stderr),) if ended.returncode else ()
    return Finding("Tools", text, state, checks, "make lint", details)


def advised(run: Run) -> Finding:
    """Known advisories on the locked packages; where PyPI does not answer, nobody knows."""
    ended = run(["make", "--no-print-directory", "audit"])
    said = ended.stdout + ended.stderr
    if ended.returncode == 0:
        state = State.HOLDS
    else:
        state = State.BROKEN if "known vulnerabilit" in said else State.UNKNOWN
    text = "No locked Python package has a known advisory (pip-audit)"
    details = () if state is State.HOLDS else (_end(said),)
    return Finding("Tools", text, state, 1, "make audit", details)


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """A tool, to its end, from the project's root."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
