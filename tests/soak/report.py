"""What a soak came to, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fleet.console import note, table

COLUMNS = (
    "system", "sent", "accepted", "refused", "unanswered", "stored", "notified", "audited",
    "lost", "twice", "kept", "strange", "let_in", "turned_away",
)  # fmt: skip


def whole(report: dict[str, Any]) -> list[str]:
    """Everything that is wrong, in words; nothing when the soak is passed."""
    books = [
        f"{p['system']}: {p['name']} {p['fault']} ({p['trace']}, {p['count']} times)"
        for p in report["unbalanced"]
    ]
    idle = [f"{r['system']}: nothing was accepted" for r in report["books"] if not r["accepted"]]
    unhurt = [] if report["faults"]["happened"] else ["nothing went wrong: this was no soak"]
    return [
        *books, *idle, *unhurt, *report["alarms"]["problems"], *report["deliveries"]["problems"],
        *report["trouble"],
    ]  # fmt: skip


def write(report: dict[str, Any], file: Path) -> None:
    """Keep it as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def show(report: dict[str, Any]) -> None:
    """The tables."""
    rows = [tuple(str(row.get(column, "")) for column in COLUMNS) for row in report["books"]]
    table(f"{report['minutes']:g} minutes, seed {report['seed']}", COLUMNS, rows)
    happened = [(kind, str(count)) for kind, count in report["faults"]["happened"].items()]
    missing = [(kind, f"not here: {why}") for kind, why in report["faults"]["impossible"].items()]
    table("what went wrong", ("fault", "times"), [*happened, *missing])
    outcomes = [(kind, str(count)) for kind, count in report["deliveries"]["outcomes"].items()]
    table("deliveries (exit codes of fleet)", ("", "times"), outcomes)
    fired = [(name,) for name in report["alarms"]["fired"]]
    table("alarms that went off", ("alarm",), fired or [("none",)])
    problems = whole(report)
    for problem in problems[:40]:
        note(problem)
    note(f"the ledger does not balance: {len(problems)}" if problems else "the ledger balances")
