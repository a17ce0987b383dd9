"""The security report: a claim is as good as the tests that ran for it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.junit import outcomes
from tests.kit.program import ROOT
from tests.security.report import page
from tests.security.report.claims import CLAIMS, Claim
from tests.security.report.findings import Finding, State, advised, judged, linted

CLAIM = Claim("Doors", "Every door is locked", ("doors.py::test_front", "windows.py"))
TESTS = """
import pytest
@pytest.mark.parametrize("door", ["left", "right"])
def test_front(door): assert door != {open!r}, "it is <open>"
def test_back(): assert False
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "windows.py").write_text("def test_all(): pass\n")
    return tmp_path


def seen(house: Path, broken: str = "") -> list[Finding]:
    """What becomes of the claim when pytest runs the house's tests."""
    (house / "doors.py").write_text(TESTS.replace("{open!r}", repr(broken)))
    report = house / "seen.xml"
    subprocess.run(
        [
            sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(house), "-q",
            "-o", "junit_family=xunit1", "--junitxml", str(report), "doors.py", "windows.py",
        ],
        cwd=house, check=False, capture_output=True,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    return judged([CLAIM], outcomes(report))


def test_a_claim_holds_when_all_its_tests_pass_whatever_the_others_do(house: Path) -> None:
    (found,) = seen(house)
    assert (found.state, found.checks, found.details) == (State.HOLDS, 3, ())


def test_one_case_that_fails_breaks_it_and_is_shown(house: Path) -> None:
    (found,) = seen(house, broken="right")
    assert found.state is State.BROKEN
    assert "doors.py::test_front[right]" in found.details[0]
    assert "it is <open>" in found.details[0]


@pytest.mark.parametrize("text", ["", "import nothing_like_it\n"])
def test_a_test_that_is_gone_or_cannot_be_read_breaks_it(house: Path, text: str) -> None:
    (house / "windows.py").write_text(text)
    (found,) = seen(house)
    assert found.state is State.BROKEN
    assert "windows.py: nothing ran" in found.details


def test_a_test_that_was_skipped_proves_nothing(house: Path) -> None:
    (house / "windows.py").write_text("import pytest\ndef test_all(): pytest.skip('no engine')\n")
    (found,) = seen(house)
    assert found.state is State.BROKEN
    assert "no engine" in found.details[0]


def test_without_a_report_nothing_holds(tmp_path: Path) -> None:
    assert {each.state for each in judged(CLAIMS, outcomes(tmp_path / "none"))} == {State.BROKEN}


@pytest.mark.parametrize("test", sorted({test for claim in CLAIMS for test in claim.tests}))
def test_what_a_claim_names_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert not name or name in names


@pytest.mark.parametrize(
    ("code", "said", "state"),
    [
        (0, "No known vulnerabilities found", State.HOLDS),
        (1, "Found 2 known vulnerabilities in 1 package", State.BROKEN),
        (1, "ERROR: aiofiles: Dependency not found on PyPI", State.UNKNOWN),
    ],
)
def test_not_to_know_an_advisory_is_neither_good_nor_bad(
    code: int, said: str, state: State
) -> None:
    found = advised(lambda words: subprocess.CompletedProcess(words, code, "", said))
    assert found.state is state
    assert (said in found.details) == (state is not State.HOLDS)


def test_a_linter_that_complains_breaks_its_claim() -> None:
    found = linted(lambda words: subprocess.CompletedProcess(words, 2, "✓ ruff\n✗ checkov\n", ""))
    assert (found.state, found.checks) == (State.BROKEN, 2)


def test_the_page_shows_what_is_broken_and_runs_nothing() -> None:
    bad = Finding(
        "Doors", "Locked <all>", State.BROKEN, 2, "make doors", ("<script>open</script>",)
    )
    written = page.render(
        {"commit": "c0ffee", "measured": "now", "engine": "Docker"},
        [bad, Finding("Tools", "Known", State.UNKNOWN, 1, "make audit", ("no answer",))],
    )
    assert "0 of 2 claims hold, 1 broken, 1 not checked" in written
    assert "&lt;script&gt;open&lt;/script&gt;" in written
    assert "<script" not in written
    assert "http" not in written.replace("http-equiv", "")
