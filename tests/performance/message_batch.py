"""How long a batch of ten takes when ntfy takes 200 ms, and what ten at once are good for.

    python -m tests.performance.message_batch [batches]

One processor is given the same messages ten at a time, and one at a time as a serial one is; a
round of each in turns, in one run, against the same local AWS. Both send all of them. Written to
build/bench.json under `message_batch`.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tests.kit import messages, services
from tests.kit.messages import World, notice
from tests.performance import results

LATENCY = 0.2  # seconds that ntfy takes
BUDGET = 0.3  # seconds for a batch of ten
BATCH = 10
BATCHES = 10


def records(world: World) -> list[dict[str, Any]]:
    """A batch of new messages, as Lambda hands it over."""
    made = world.send(*(notice(f"n{number}") for number in range(BATCH)))
    mapping = world.mapping(lambda *_: None)
    found: list[dict[str, Any]] = []
    while len(found) < len(made):
        found += mapping.records(BATCH - len(found))
    return found


def timed(processor: Any, batches: list[list[dict[str, Any]]]) -> float:
    """Seconds until all batches are worked on, each after the other."""
    with Path(os.devnull).open("w") as log, contextlib.redirect_stdout(log):
        began = time.perf_counter()
        answers = [processor({"Records": batch}) for batch in batches]
        took = time.perf_counter() - began
    assert all(answer["batchItemFailures"] == [] for answer in answers), answers
    return took


def run(rounds: int) -> dict[str, Any]:
    """Everything."""
    with services.local_aws() as endpoint, messages.world(endpoint) as world:
        world.behave(latency=LATENCY)
        with world.function("message_processor") as processor:
            timed(processor, [records(world)])  # the first opens connections
            together, serial = [], []
            for _ in range(rounds):
                together.append(timed(processor, [records(world)]))
                serial.append(timed(processor, [[record] for record in records(world)]))
    sent = len(world.ntfy.ledger()["notifications"])
    assert sent == BATCH * (1 + 2 * rounds), sent
    return {
        "ntfy_seconds": LATENCY,
        "batch_seconds": {
            "median": round(statistics.median(together), 3),
            "worst": round(max(together), 3),
        },
        "budget_seconds": BUDGET,
        "samples": [round(seconds / LATENCY, 3) for seconds in together],
        "messages_a_second": {
            "batches of 10": round(BATCH * rounds / sum(together), 1),
            "one by one": round(BATCH * rounds / sum(serial), 1),
        },
    }


def main() -> int:
    """Measure, write it down, and say whether it is within the budget."""
    report = run(int(sys.argv[1]) if len(sys.argv) > 1 else BATCHES)
    results.keep("message_batch", report)
    print(json.dumps(report, indent=2))
    return 0 if report["batch_seconds"]["median"] <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
