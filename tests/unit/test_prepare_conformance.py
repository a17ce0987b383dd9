"""What prepare does for the conformance suite of MCP: nothing, an installation, or a word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.program import ROOT

TOOLS = ("bash", "cat", "cmp", "cp", "dirname", "mkdir", "mktemp", "rm", "tail")
PREPARE = "shared/fleet/prepare"
LOCK = "tests/conformance/package-lock.json"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of just what the script reads, and a folder of programs."""
    for name in (f"{PREPARE}/conformance.sh", f"{PREPARE}/common.sh", LOCK,
                 "tests/conformance/package.json"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def npm(tree: Path, body: str = "") -> None:
    program = tree / "bin" / "npm"
    program.write_text(f'#!/bin/bash\necho "$PWD $*" >>"{tree}/calls"\n{body}\n')
    program.chmod(0o755)


def run(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(tree / "bin" / "bash"), str(tree / PREPARE / "conformance.sh")],
        env={"PATH": str(tree / "bin")},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_the_suite_is_fetched_once_and_again_when_the_lock_changes(tree: Path) -> None:
    npm(tree)
    assert "fetching the Model Context Protocol's conformance suite" in run(tree).stderr
    assert run(tree).stderr == ""
    (tree / LOCK).write_text("{}")
    assert "fetching" in run(tree).stderr
    calls = (tree / "calls").read_text().splitlines()
    assert [line.split()[1] for line in calls] == ["ci", "ci"]
    assert calls[0].startswith(f"{tree}/.fleet/conformance ")


def test_without_npm_it_says_so_and_goes_on(tree: Path) -> None:
    ended = run(tree)
    assert ended.returncode == 0
    assert "no npm" in ended.stderr


def test_a_fetch_that_fails_is_not_taken_for_one_that_did_not(tree: Path) -> None:
    npm(tree, "echo no network; exit 1")
    for _ in range(2):
        ended = run(tree)
        assert ended.returncode != 0
        assert "no network" in ended.stderr
