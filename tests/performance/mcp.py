"""A warm tool call beside the bare read of the object that it answers from, on the same S3.

    .venv/bin/python -m tests.performance.mcp      → build/bench.json and a table

In turns over both, on a local AWS of this run's own. The bare read is the same object over a
connection that is open already, signed, and read to its end. The tool call is all that the
function does between Lambda's event and its answer.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
from function_kit import logging
from function_kit.s3 import Bucket
from mcp_server import http
from mcp_server.gold import Gold

from tests.kit import gold_objects
from tests.kit.gold_edge import service
from tests.kit.mcp_http import JSON, call, event
from tests.kit.services import local_aws
from tests.performance import results

ROUNDS, WARM_UP = 1000, 50
MOST = 2.0  # times the bare read, at the 95th percentile
BUCKET = "gold-of-this-run"
KEY = f"player_season/2024-25/{gold_objects.JAMES}.json"


def asked(tool: str, **arguments: Any) -> dict[str, Any]:
    """The event of a call."""
    headers = JSON | {"host": "api.example.com", "mcp-protocol-version": "2025-11-25"}
    return event("POST", headers, json.dumps(call(tool, **arguments)))


def timed(works: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of each, in turns."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for number in range(WARM_UP + ROUNDS):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if number >= WARM_UP:
                took[name].append((time.perf_counter() - began) * 1000)
    return took


def measured() -> dict[str, list[float]]:
    """A tool call by name, one by URI, and the bare read."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key, content in gold_objects.objects().items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content).encode())
    answering, bare = service(Gold(BUCKET)), Bucket(BUCKET, 5.0)
    by_name = asked("get_player_season_stats", player_name="lebron james")
    by_uri = asked("get_artifact", resource_uri=KEY.removesuffix(".json"))
    answers = [http.answer(answering, each, ()) for each in (by_name, by_uri)]
    assert all('"isError":false' in each["body"] for each in answers), answers
    return timed(
        {
            "bare read": lambda: bare.read(KEY),
            "call by name": lambda: http.answer(answering, by_name, ()),
            "call by URI": lambda: http.answer(answering, by_uri, ()),
        }
    )


def report() -> dict[str, Any]:
    """The figures, and whether they are held."""
    with local_aws() as endpoint:
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        }
        took = measured()
    figures = {
        name: {
            "p50_ms": round(statistics.median(each), 3),
            "p95_ms": round(statistics.quantiles(each, n=20)[-1], 3),
        }
        for name, each in took.items()
    }
    bare = figures["bare read"]["p95_ms"]
    ratios = {
        name: round(each["p95_ms"] / bare, 2)
        for name, each in figures.items()
        if name != "bare read"
    }
    return {
        "figures": figures,
        "p95_times_the_bare_read": ratios,
        "budget": MOST,
        "held": max(ratios.values()) < MOST,
    }


def main() -> None:
    """Measure, write it down, print; exit 1 when the budget is missed."""
    logging.configure(service="mcp-server", level="WARNING")
    found = report()
    results.keep("mcp", found)
    print(json.dumps(found, indent=2))
    sys.exit(0 if found["held"] else 1)


if __name__ == "__main__":
    main()
