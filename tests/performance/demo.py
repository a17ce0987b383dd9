"""How long the README's first command takes on a fresh clone, and the second time.

python -m tests.performance.demo     → build/bench.json ("demo")

The engine and the base images are the ones that this machine has. On a machine without them the
first run also installs an engine and builds the images, which takes a minute or two more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.performance import results

STACK = "demo:700"
LINES = 15  # of what a run that failed said


def clone(folder: Path) -> None:
    """The commit that is checked out, as somebody else gets it."""
    subprocess.run(["git", "clone", "--quiet", results.ROOT, folder], check=True)


def seconds(folder: Path, target: str) -> float:
    """One target of make, to its end."""
    began = time.perf_counter()
    ended = subprocess.run(
        ["make", target],
        cwd=folder,
        env=os.environ | {"FLEET_STACK": STACK},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        said = "\n".join((ended.stdout + ended.stderr).splitlines()[-LINES:])
        raise RuntimeError(f"make {target} ended with {ended.returncode}:\n{said}")
    return round(time.perf_counter() - began, 1)


def main() -> int:
    """Measure and write it down."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "lambda-fleet"
        clone(folder)
        try:
            report = {"first": seconds(folder, "demo"), "second": seconds(folder, "demo")}
        finally:
            seconds(folder, "down")
    results.keep("demo", report)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
