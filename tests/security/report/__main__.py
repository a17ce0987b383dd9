"""What the fleet claims of its security, checked on this machine: `make security`.

Writes build/security.json and build/security.html. Exits 1 when a claim is broken; what could not
be checked, such as advisories without PyPI, is said and breaks nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys

from fleet.console import table
from fleet.docker import docker
from fleet.project import Project

from tests.kit.junit import outcomes
from tests.kit.program import ROOT
from tests.performance.bench import machine
from tests.security.report import page
from tests.security.report.claims import CLAIMS
from tests.security.report.findings import Finding, State, advised, judged, linted, run

REPORT = ROOT / "build" / "security"
SEEN = REPORT.with_suffix(".xml")
WORDS = {State.HOLDS: "[green]holds[/green]", State.BROKEN: "[red]broken[/red]"}


def tested() -> list[Finding]:
    """The claims that tests prove; their output goes to the terminal."""
    tests = sorted({test for claim in CLAIMS for test in claim.tests})
    SEEN.parent.mkdir(exist_ok=True)
    SEEN.unlink(missing_ok=True)
    subprocess.run(
        [
            sys.executable, "-m", "pytest", *tests, "-n", "2", "--no-loadscope-reorder",
            "--junitxml", str(SEEN),
        ],
        cwd=ROOT,
        check=False,  # the report says which claims are broken by it
    )  # fmt: skip
    return judged(CLAIMS, outcomes(SEEN))


def show(found: list[Finding]) -> None:
    """The table for people, and what it does not hold."""
    rows = [
        (each.chapter, each.text, str(each.checks), WORDS.get(each.state, str(each.state)))
        for each in found
    ]
    table("security", ("chapter", "claim", "checks", ""), rows)
    for finding in found:
        for detail in finding.details:
            print(f"{finding.text}: {finding.state}\n{detail}\n", file=sys.stderr)
    print(f"{page.verdict(found)}: build/security.html", file=sys.stderr)


def main() -> int:
    """Check everything, and write it down."""
    engine = docker("info", "--format", "Docker {{.ServerVersion}}, {{.SecurityOptions}}").strip()
    about = machine.about(Project(ROOT)) | {"engine": engine}
    found = [*tested(), linted(run), advised(run)]
    content = about | {"findings": [finding.as_json() for finding in found]}
    REPORT.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    REPORT.with_suffix(".html").write_text(page.render(about, found), encoding="utf-8")
    show(found)
    return 1 if any(finding.state is State.BROKEN for finding in found) else 0


if __name__ == "__main__":
    sys.exit(main())
