"""What tests and tools found of each claim."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tests.kit.junit import Outcome, end, of_selection
from tests.kit.program import ROOT
from tests.security.report.claims import Claim

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


def judged(claims: Iterable[Claim], found: list[Outcome]) -> list[Finding]:
    """What became of each claim.

    A claim needs each test that it names: one that is no longer there would prove nothing.
    """
    return [
        _judged(claim, [each for each in found if of_selection(each.test, claim.tests)])
        for claim in claims
    ]


def _judged(claim: Claim, mine: list[Outcome]) -> Finding:
    missing = [
        f"{name}: nothing ran"
        for name in claim.tests
        if not any(of_selection(each.test, (name,)) for each in mine)
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
    details = (end(ended.stdout + ended.stderr),) if ended.returncode else ()
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
    details = () if state is State.HOLDS else (end(said),)
    return Finding("Tools", text, state, 1, "make audit", details)


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """A tool, to its end, from the project's root."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
