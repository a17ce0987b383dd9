"""The root module by Terraform's own means: format, validation, its tests with mocked providers."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kit.program import ROOT


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Terraform's environment: providers initialised, no backend."""
    values = os.environ | {"TF_DATA_DIR": str(tmp_path_factory.mktemp("terraform"))}
    if not Path(values.get("TF_CLI_CONFIG_FILE", "")).is_file():
        values["TF_CLI_CONFIG_FILE"] = str(ROOT / ".fleet" / "terraform.rc")
    run(values, "init", "-backend=false", "-input=false")
    return values


def run(environment: dict[str, str], *arguments: str) -> str:
    ended = subprocess.run(
        ["terraform", f"-chdir={ROOT / 'terraform'}", *arguments, "-no-color"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_it_is_formatted(terraform: dict[str, str]) -> None:
    run(terraform, "fmt", "-check", "-recursive")


def test_it_is_valid(terraform: dict[str, str]) -> None:
    assert "configuration is valid" in run(terraform, "validate")


def test_its_own_tests_pass(terraform: dict[str, str]) -> None:
    """Two processes side by side: Terraform itself runs its files one after the other."""
    files = sorted((ROOT / "terraform" / "tests").glob("*.tftest.hcl"), key=runs, reverse=True)
    halves: tuple[list[Path], list[Path]] = ([], [])
    for file in files:
        min(halves, key=lambda half: sum(map(runs, half))).append(file)
    with ThreadPoolExecutor(len(halves)) as pool:
        passed = list(pool.map(lambda half: passes(terraform, half), halves))
    assert sum(passed) == sum(map(runs, files))


def runs(file: Path) -> int:
    """How many runs a test file has."""
    return len(re.findall(r'^run "', file.read_text(encoding="utf-8"), re.MULTILINE))


def passes(terraform: dict[str, str], files: list[Path]) -> int:
    """How many runs of these files passed, when none failed."""
    chosen = [f"-filter=tests/{file.name}" for file in files]
    summary = re.search(r"Success! (\d+) passed, 0 failed", run(terraform, "test", *chosen))
    return int(summary[1]) if summary else 0
