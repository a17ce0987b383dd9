"""What the Makefile says of itself, and what its targets need on a fresh clone."""

from __future__ import annotations

import re
import subprocess

from tests.kit.program import ROOT

TARGET = re.compile(r"^([a-z%-]+):([^#\n]*)(?:##.*)?\n((?:\t.*\n)+)", re.MULTILINE)


def test_help_has_its_texts_in_one_column() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    plain = re.sub(r"\x1b\[\d*m", "", shown.stdout)
    listed = [line for line in plain.splitlines() if not line.startswith("  Variables")]
    columns = {found.end() for line in listed if (found := re.match(r"  [a-z-]+ {2,}", line))}
    assert (len(columns), len(listed) > 20) == (1, True)
    assert all(re.match(r"  [a-z-]+ {2,}", line) for line in listed)


def test_whatever_runs_fleet_first_installs_it() -> None:
    found = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    running = {name: needs.split() for name, needs, recipe in found if "$(FLEET)" in recipe}
    assert {"push", "down", "deploy"} <= set(running)
    assert {
        name for name, needs in running.items() if not {"tools", "prepare"} & set(needs)
    } == set()
