"""Everything that was promised in figures, measured: `make bench [ONLY=section,…]`.

Writes build/bench.json after each section, then build/bench.html and a table. Exits 1 when a
promise was missed or a section gave no result.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from fleet.console import table
from fleet.project import Project

from tests.performance import results
from tests.performance.bench import machine, page
from tests.performance.bench.figure import Figure, from_json, shown
from tests.performance.bench.runner import Runner
from tests.performance.bench.sections import Section, chosen
from tests.performance.bench.stack import stack


def show(found: list[Figure]) -> None:
    """The table for people: what was promised, and then how much else there is."""
    words = {True: "[green]held[/green]", False: "[red]missed[/red]"}
    rows = [
        (f.system, f.title, f.asked, shown(f.value, f.unit), words[f.held], f.command)
        for f in found
        if f.held is not None
    ]
    table("promises", ("about", "figure", "asked", "measured", "", "command"), rows)
    print(f"{len(found)} figures in all: build/bench.html has every one", file=sys.stderr)


def verdict(report: dict[str, Any], sections: list[Section]) -> int:
    """0 when every section of this run has a result, and what it measured is as promised."""
    names = {section.name for section in sections}
    broken = [name for name in names if report["sections"][name]["error"]]
    missed = [
        figure
        for figure in map(from_json, report["figures"])
        if figure.held is False and figure.key.partition("/")[0] in names
    ]
    for name in broken:
        print(f"{name}: {report['sections'][name]['error']}", file=sys.stderr)
    return 1 if broken or missed else 0


def main() -> int:
    """Measure what ONLY names, or everything."""
    try:
        sections = chosen(os.environ.get("ONLY", ""))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    project, file = Project(results.ROOT), results.file()
    runner = Runner(file, machine.about(project), stack, say=lambda text: print(text, flush=True))
    try:
        report = runner.all(sections)
    finally:
        written = page.render(results.read(file))
        file.with_suffix(".html").write_text(written, encoding="utf-8")
    show([from_json(figure) for figure in report["figures"]])
    return verdict(report, sections)


if __name__ == "__main__":
    sys.exit(main())
