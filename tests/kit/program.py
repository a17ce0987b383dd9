"""Running the program `fleet` as an operator does, against the tests' own local stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# A stack of its own: the one that `make demo` left up stays as it is. FLEET_TEST_STACK names
# another, for two people, or checkouts, that test side by side.
STACK = os.environ.get("FLEET_TEST_STACK", "test:100")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """What a person read, without the terminal's line breaks."""
        return " ".join(self.err.split())


def environment(**changes: str | None) -> dict[str, str]:
    """This process's environment with the tests' stack, and some changes (None removes)."""
    values = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    bundle = os.environ.get("AWS_CA_BUNDLE")
    values |= {"FLEET_STACK": STACK, "COLUMNS": "200"} | (
        {"AWS_CA_BUNDLE": bundle} if bundle else {}
    )
    values |= {key: value for key, value in changes.items() if value is not None}
    return {key: value for key, value in values.items() if changes.get(key, "") is not None}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "fleet", *arguments]


def fleet(*arguments: str, cwd: Path = ROOT, **changes: str | None) -> Ended:
    """Run one verb to its end."""
    ended = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def start(*arguments: str, cwd: Path = ROOT, **changes: str | None) -> subprocess.Popen[str]:
    """Start one verb in a session of its own, so that it can be killed with its children."""
    return subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
