"""What a season's backfill costs in Lambda seconds, beside the loop that sleeps.

    python -m tests.performance.bronze_backfill [--latency 0.6] [--call 0.015] [--rounds 82]

Both fetch the same season from the same source, with bronze-ingestion's own code and within the
same rate, on a clock that only waiting moves. One lets the queue wait, the other waits in the
function. The source's latency and that of a call to AWS are given; the code's own time is
measured, and added to both.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise

from standins.nba import Behaviour

from tests.kit.bronze import World
from tests.performance import results

MEMORY_GB = 0.25
# x86, us-east-1: a GB-second, and a request.
GB_SECOND, REQUEST = 0.0000166667, 0.0000002


def backfill(options: argparse.Namespace, patience: float) -> dict[str, float]:
    """Fetch the season; return what it took."""
    world = World(rounds=options.rounds)
    world.source.behaviour = Behaviour(latency=options.latency)
    world.clock.call_seconds = options.call
    world.patience = patience
    began, first = time.process_time(), world.clock.time()
    with redirect_stdout(StringIO()):
        world.ask(date=world.first_day, date_to=world.last_day)
        world.drain()
    own = time.process_time() - began
    complete = sum(entry["complete"] for entry in world.summary()["dates"].values())
    assert complete == len(world.source.seasons[0].by_day)
    arrivals = [at for at, _, _ in world.source.ledger]
    lambda_seconds = world.billed + own
    return {
        "requests": len(arrivals),
        "invocations": world.invocations,
        "aws_calls": world.clock.calls,
        "slept_in_the_function_s": round(world.clock.slept - options.latency * len(arrivals), 1),
        "own_cpu_s": round(own, 1),
        "lambda_seconds": round(lambda_seconds, 1),
        "dollars": round(lambda_seconds * MEMORY_GB * GB_SECOND + world.invocations * REQUEST, 4),
        "wall_minutes": round((world.clock.time() - first) / 60, 1),
        "most_in_a_minute": max(sum(at <= b < at + 60 for b in arrivals) for at in arrivals),
        "closest_s": round(min(b - a for a, b in pairwise(arrivals)), 2),
    }


def main() -> None:
    """Run both, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.6, help="of the source, seconds")
    parser.add_argument("--call", type=float, default=0.015, help="of a call to AWS, seconds")
    parser.add_argument("--rounds", type=int, default=82, help="of the season, 15 games each")
    options = parser.parse_args()
    queue, loop = backfill(options, 0.2), backfill(options, 1e9)
    ratio = round(loop["lambda_seconds"] / queue["lambda_seconds"], 2)
    report = {"queue": queue, "loop": loop, "loop_costs_times": ratio}
    results.keep("bronze_backfill", report)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
