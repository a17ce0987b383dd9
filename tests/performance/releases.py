"""How fast releases and rollbacks are, on a local stack of the benchmark's own.

make bench          → build/bench.json ("releases") and two tables
"""

from __future__ import annotations

import os
import sys
from typing import Any

from fleet.commands.options import Workplace
from fleet.console import table
from fleet.project import Project

from tests.kit.program import ROOT
from tests.performance import recovery, results, side_by_side
from tests.performance.bench.stack import stack


def run(project: Project) -> dict[str, Any]:
    """Everything, on the stack that FLEET_STACK names, or on one that is started for it."""
    if os.environ.get("BENCH_STACK"):
        return measured(project)
    with stack():
        return measured(project)


def measured(project: Project) -> dict[str, Any]:
    """Releases and rollbacks on a stack that is up."""
    place, name = Workplace.of("local"), os.environ["FLEET_STACK"]
    return {
        "rollback": recovery.by_hand(place, project.commit(), name),
        "alarm_to_restored_traffic": recovery.by_guard(place, name),
        "fifteen_functions": side_by_side.measure(project),
    }


def show(report: dict[str, Any]) -> None:
    """The tables for people."""
    many, hand = report["fifteen_functions"], report["rollback"]
    allowed = many["least_ratio_the_cold_starts_allow"]
    guard = report["alarm_to_restored_traffic"]
    rows = [
        (
            "one function",
            f"{many['one_command_seconds']} s",
            f"{many['one_engine_seconds']} s",
            f"{many['one_cold_start_seconds']} s",
        ),
        (
            "15 functions",
            f"{many['fifteen_command_seconds']} s",
            f"{many['fifteen_engine_seconds']} s",
            f"{many['fifteen_cold_starts_seconds']} s",
        ),
        (
            f"ratio (< {many['budget']:g}) {_held(many['within_budget'])}",
            f"{many['ratio']}",
            f"{many['engine_ratio']}; {many['ratio_without_cold_starts']} without cold starts",
            f"allow the engine {allowed} at least",
        ),
    ]
    title = f"real functions released ({many['cores']} cores, load {many['load']})"
    table(title, ("", "command", "engine", "the same cold starts alone"), rows)
    seconds = [
        (f"fleet rollback, from the shell (< {hand['budget_seconds']:g} s)",
         f"{hand['process_seconds']} s {_held(hand['within_budget'])}"),
        ("  until live has moved", f"{hand['live_moved_seconds']} s"),
        ("an alarm, until live answers well: guard warm", f"{guard['warm_guard_seconds']} s"),
        ("  guard cold", f"{guard['cold_guard_seconds']} s"),
    ]  # fmt: skip
    table("back to the release before", ("", "median"), seconds)


def _held(held: bool) -> str:
    return "[green]held[/green]" if held else "[red]missed[/red]"


def main() -> None:
    """Measure, add to build/bench.json, show; exit 1 when a budget is missed."""
    project = Project(ROOT)
    report = run(project)
    results.keep("releases", report)
    show(report)
    held = report["rollback"]["within_budget"] and report["fifteen_functions"]["within_budget"]
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
