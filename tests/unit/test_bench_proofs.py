"""Figures that tests establish: the worst counts, and none is made of what did not run."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from tests.kit.junit import Outcome
from tests.kit.program import ROOT
from tests.performance import promises
from tests.performance.bench import figures
from tests.performance.promises import PASSED, Proof
from tests.performance.proofs import found

FILE = "tests/unit/test_doors.py"
PROOF = Proof("doors", "house", "doors locked", "≥ 2", 2, (f"{FILE}::test_door",))
ALL = [proof for _, some in promises.SETS.values() for proof in some]


def ran(case: str, said: str = "", **measured: float) -> Outcome:
    return Outcome(f"{FILE}::test_door[{case}]", said, measured)


def test_cases_that_passed_are_counted_and_the_others_named() -> None:
    window = Outcome(f"{FILE}::test_doorstep")
    outcomes = [ran("left"), ran("right"), ran("back", "failure: open"), window]
    assert found(PROOF, outcomes) == {"value": 2, "failed": [f"{FILE}::test_door[back]"]}


@pytest.mark.parametrize(("better", "worst"), [("less", 3.0), ("more", 1.0)])
def test_of_several_figures_the_worst_counts(better: str, worst: float) -> None:
    proof = replace(PROOF, figure="cm", better=better)
    assert found(proof, [ran("left", cm=1.0), ran("right", cm=3.0), ran("back")])["value"] == worst


def report(value: float | None) -> dict[str, object]:
    return {proof.key: {"value": value, "failed": []} for proof in promises.PROOFS}


def test_a_figure_that_no_test_recorded_is_no_result() -> None:
    missing = found(replace(PROOF, figure="cm"), [ran("left")])
    assert missing["value"] is None
    assert "not as expected" in figures.understood("proofs", report(missing["value"]))


def test_a_failed_test_is_a_promise_that_was_missed() -> None:
    told = report(0.5) | {"loop": {"value": 1.0, "failed": ["one"]}}
    held = {figure.key: figure.held for figure in figures.of({"proofs": told})}
    assert held["proofs/failed"] is False
    assert held["proofs/loop"] is True
    assert held["proofs/sequences"] is False


@pytest.mark.parametrize("proof", ALL, ids=lambda proof: proof.key)
def test_its_tests_are_there_and_record_its_figure(proof: Proof) -> None:
    recorded = []
    for test in proof.tests:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
        assert not name or name in {function.name for function in functions}
        recorded.append(f'record_property("{proof.figure}"' in text)
    assert proof.figure == PASSED or all(recorded)
