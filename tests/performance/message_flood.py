"""Five thousand messages through the deployed functions, while everything around them goes wrong.

    FLEET_STACK=… python -m tests.performance.message_flood [messages]

The stack must be up and bootstrapped. ntfy fails, lies, hangs and redirects; 5 % of the messages
are poison, 3 % are delivered twice, and processors are killed. After the fix, `fleet dlq redrive`
sends back what is in the dead letters. What came of it goes to build/bench.json, under
`message_flood`, and must be: nothing lost, nothing doubled, nothing left half way.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any

from fleet import environments
from fleet.commands.options import Workplace
from fleet.project import Project
from message_kit.message import Status

from tests.kit.flood import REASONS, Flood
from tests.kit.program import ROOT
from tests.performance import results

COUNT = 5000
PATIENCE = 1200.0  # seconds


def first_half(flood: Flood, image: str, count: int) -> dict[str, Any]:
    """Until everything was sent, or given up."""
    took = flood.go_through(image, count, PATIENCE)
    stored, buried, ledger = flood.stored(), flood.buried(), flood.ledger()
    shown = Counter(item["sequence_id"] for item in ledger["notifications"])
    completed = {id_ for id_, m in stored.items() if m.status is Status.COMPLETED}
    poison = {m.id: name for name, found in flood.poison.items() for m in found}
    told = [id_ for id_, name in poison.items() if stored[id_].error_message == REASONS[name]]
    return {
        "messages": count,
        "seconds": round(took, 1),
        "messages_a_second": round(count / took, 1),
        "requests_to_ntfy": ledger["attempts"],
        "processors_killed": flood.kills,
        "statuses": dict(Counter(m.status.value for m in stored.values())),
        "lost": count - len(stored),
        "notified_more_than_once": sum(times > 1 for times in shown.values()),
        "completed_and_not_notified": len(completed - shown.keys()),
        "poison": len(poison),
        "poison_not_in_dead_letters": len(poison.keys() - buried.keys()),
        "poison_with_ntfy_s_reason": len(told),
        "good_in_dead_letters_by_kills": len(buried.keys() - poison.keys()),
    }


def second_half(flood: Flood) -> dict[str, Any]:
    """After the fix, and the redrive."""
    before = {item["sequence_id"] for item in flood.ledger()["notifications"]}
    flood.behave(fixed=True)
    began = time.monotonic()
    sent = flood.redrive()
    flood.settle(PATIENCE)
    took = time.monotonic() - began
    after = Counter(item["sequence_id"] for item in flood.ledger()["notifications"])
    return {
        "redriven": sent,
        "redrive_seconds": round(took, 1),
        "statuses_after": dict(Counter(m.status.value for m in flood.stored().values())),
        "notified_more_than_once_after": sum(times > 1 for times in after.values()),
        "never_notified": len({m.id for m in flood.messages} - before - after.keys()),
    }


def good(report: dict[str, Any]) -> bool:
    """Whether it is what was promised."""
    nothing = [
        "lost",
        "notified_more_than_once",
        "completed_and_not_notified",
        "poison_not_in_dead_letters",
        "notified_more_than_once_after",
        "never_notified",
    ]
    return (
        all(report[name] == 0 for name in nothing)
        and report["statuses"].keys() == {"completed", "failed"}
        and report["statuses_after"] == {"completed": report["messages"]}
    )


def main() -> int:
    """Measure, write it down, and say whether it is as promised."""
    project = Project(ROOT)
    place = Workplace(project, environments.load(project, "local"))
    control = place.control("message-processor")
    image = control.version(control.alias().version).image
    flood = Flood(place.environment, place.terraform.outputs()["messages"], seed=11)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    try:
        report = first_half(flood, image, count) | second_half(flood)
    finally:
        flood.behave(fixed=True)
    results.keep("message_flood", report)
    print(json.dumps(report, indent=2))
    return 0 if good(report) else 1


if __name__ == "__main__":
    sys.exit(main())
