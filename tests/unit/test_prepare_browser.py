"""What prepare does for the tests of the report page: nothing, an installation, or a word."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.program import ROOT

SCRIPT = ROOT / "shared/fleet/prepare/browser.sh"
TOOLS = ("bash", "cat", "dirname", "mkdir", "mktemp", "rm", "tail", "env")


class Machine:
    """A PATH with the usual tools and some programs of the test's, which write down their calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        for name in TOOLS:
            (folder / name).symlink_to(shutil.which(name) or name)
        self.user("0")

    def program(self, name: str, body: str = "") -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>{self.calls}\n{body}\n')
        path.chmod(0o755)

    def user(self, number: str) -> None:
        self.program("id", f"echo {number}")

    def run(self, **variables: str) -> str:
        """What it says; it must not fail."""
        done = subprocess.run(
            [str(self.folder / "bash"), str(SCRIPT)],
            env={"PATH": str(self.folder), "HOME": os.environ.get("HOME", "/")} | variables,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stderr

    @property
    def packages(self) -> list[str]:
        """The calls of apt that changed something."""
        made = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [call for call in made if call.startswith("apt-get")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["chromium-headless-shell", "chromium", "google-chrome"])
def test_a_browser_that_is_there_is_taken_as_it_is(machine: Machine, name: str) -> None:
    machine.program(name)
    machine.program("apt-get")
    assert machine.run() == ""
    assert machine.packages == []


def test_a_browser_may_be_named(machine: Machine) -> None:
    machine.program("my-browser")
    assert machine.run(CHROMIUM=str(machine.folder / "my-browser")) == ""


def test_debian_s_is_installed_where_none_is(machine: Machine) -> None:
    machine.program("apt-get")
    machine.program("apt-cache")
    assert "installing Debian's Chromium" in machine.run()
    update, install = machine.packages
    assert update == "apt-get update"
    assert "--no-install-recommends chromium-headless-shell fonts-dejavu-core" in install


def test_without_root_it_says_what_to_do(machine: Machine) -> None:
    machine.user("1000")
    machine.program("apt-get")
    assert "set CHROMIUM" in machine.run()
    assert machine.packages == []


def test_without_apt_it_says_what_to_do(machine: Machine) -> None:
    assert "set CHROMIUM" in machine.run()


def test_a_system_without_the_package_says_so(machine: Machine) -> None:
    machine.program("apt-get")
    machine.program("apt-cache", "exit 1")
    assert "no package chromium-headless-shell" in machine.run()
    assert machine.packages == ["apt-get update"]
