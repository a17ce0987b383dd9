"""How long a plan takes, and an apply that finds nothing to change; FLEET_STACK says where.

python -m tests.performance.plans     → build/bench.json ("terraform")
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

from tests.kit.program import fleet
from tests.performance import results

ROUNDS = 3


def seconds(*words: str) -> float:
    """One verb from the shell, to its end."""
    began = time.perf_counter()
    ended = fleet(*words, FLEET_STACK=os.environ["FLEET_STACK"])
    if ended.code:
        raise RuntimeError(f"fleet {words[0]} failed: {ended.err}")
    return round(time.perf_counter() - began, 2)


def main() -> None:
    """Measure and write it down."""
    plans, applies = [], []
    for _ in range(ROUNDS):
        plans.append(seconds("plan", "--no-exit-code"))
        applies.append(seconds("apply"))
    report = {
        "plan_seconds": statistics.median(plans),
        "apply_seconds": statistics.median(applies),
        "each": {"plan": plans, "apply": applies},
    }
    results.keep("terraform", report)
    print(json.dumps(report, indent=1))
    sys.exit(0)


if __name__ == "__main__":
    main()
