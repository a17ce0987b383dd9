"""A machine without Terraform: what does not need it works, and what needs it says so first."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.program import ROOT

PREPARE = ROOT / "shared" / "fleet" / "prepare"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with every program of this machine but terraform."""
    folder = tmp_path_factory.mktemp("bin")
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            there = folder / program.name
            if program.name != "terraform" and not there.is_symlink():
                there.symlink_to(program)
    assert shutil.which("terraform", path=str(folder)) is None
    return str(folder)


def run(path: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_tools_are_installed_without_it(path: str) -> None:
    ended = run(path, "make", "tools")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("script", ["lint.sh", "test.sh"])
def test_what_needs_it_says_so_before_anything_else(path: str, script: str) -> None:
    ended = run(path, str(PREPARE / script))
    assert (ended.returncode, ended.stdout) == (4, "")
    assert "terraform is not on the PATH" in ended.stderr
    assert "install Terraform 1.11 or newer" in ended.stderr
