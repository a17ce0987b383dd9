"""Promises whose figures tests establish: how many cases there are, and what they measured.

python -m tests.performance.proofs          → build/bench.json ("proofs")
python -m tests.performance.proofs stack    → the same of those that want the local stack
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fleet.console import table

from tests.kit.junit import Outcome, of_selection, outcomes
from tests.performance import results
from tests.performance.bench.sections import STACK
from tests.performance.promises import PASSED, SETS, Proof


def found(proof: Proof, ran: Iterable[Outcome]) -> dict[str, Any]:
    """What the tests of a proof say of it: its value, and which of them did not pass."""
    mine = [each for each in ran if of_selection(each.test, proof.tests)]
    failed = [each.test for each in mine if each.said]
    values = [each.figures[proof.figure] for each in mine if proof.figure in each.figures]
    worst = {"less": max, "more": min}[proof.better]
    value = len(mine) - len(failed) if proof.figure == PASSED else worst(values, default=None)
    return {"value": value, "failed": failed}


def run(proofs: tuple[Proof, ...]) -> dict[str, Any]:
    """Run the tests, and take the figures out of their report."""
    report = results.file().with_name("proofs.xml")
    report.unlink(missing_ok=True)
    tests = dict.fromkeys(test for proof in proofs for test in proof.tests)
    subprocess.run(
        [sys.executable, "-m", "pytest", *tests, "-q", "--junitxml", str(report)],
        cwd=results.ROOT,
        env=os.environ | _stack() | _images(results.ROOT / ".fleet" / "images.env"),
        check=False,  # the report says which failed
    )
    ran = outcomes(report)
    return {proof.key: found(proof, ran) for proof in proofs}


def _stack() -> dict[str, str]:
    """The benchmarks' stack is up and released: tests are to take it as it is."""
    return {"FLEET_TEST_STACK": STACK, "FLEET_TEST_STACK_KEEP": "1"}


def _images(prepared: Path) -> dict[str, str]:
    lines = prepared.read_text(encoding="utf-8").splitlines() if prepared.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def main(chosen: str = "") -> int:
    """Run one set, write it down, show it; 1 when a test failed or a figure is missing."""
    name, proofs = SETS[chosen]
    report = run(proofs)
    results.keep(name, report)
    rows = [(p.system, p.title, p.asked, f"{report[p.key]['value']} {p.unit}") for p in proofs]
    table("proofs", ("about", "figure", "asked", "measured"), rows)
    whole = all(one["value"] is not None and not one["failed"] for one in report.values())
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
