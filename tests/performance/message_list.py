"""Lists of a table of 100,000 messages: any page and filter beside a bare Query of the index.

    python -m tests.performance.message_list [MESSAGES] [SAMPLES]   → build/bench.json

The function runs in a process of its own; the bare Query is the same call to the same local AWS
by the same HTTP client, its answer left unread. They take turns, because the machine's speed
changes. The local AWS takes most of the time of both: so the function's own part is also told,
as what it adds on each page.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from function_kit.signed_api import SignedApi
from message_kit.message import Draft, Message, MessageType, Status

from tests.kit import services
from tests.kit.webapi import STAGE, WebApi, web_api
from tests.performance import results
from tests.performance.patient_webapi import Function, function

BUDGET = 1.5  # times the bare Query, p95
LIMITS = (100, 1000)
PAGES = 3
FILTERS: dict[str, dict[str, str]] = {
    "none": {},
    "stage": {"stage": STAGE},
    "status completed": {"status": "completed"},
    "status failed": {"status": "failed"},
    "both": {"stage": STAGE, "status": "queued"},
}
SHARES = {Status.COMPLETED: 90, Status.FAILED: 6, Status.QUEUED: 4}
NOW = datetime.now(UTC)


@dataclass
class Samples:
    """Seconds of each request, and of each bare Query."""

    api: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def messages(count: int) -> Iterator[Message]:
    """Messages of the last 90 days."""
    chosen = random.Random(7)
    step = timedelta(days=89) / count
    for number in range(count):
        payload = {"message": f"Backup {number} is done.", "title": "Backup", "tags": ["disk"]}
        draft = Draft(message_type=MessageType.NOTIFY, payload=payload, created_by="nightly")
        (status,) = chosen.choices(list(SHARES), list(SHARES.values()))
        yield draft.message(STAGE, NOW - step * number).model_copy(update={"status": status})


def fill(api: WebApi, count: int) -> None:
    """Put messages into the table, a thousand at a time."""
    some = itertools.batched(messages(count), 1000, strict=False)
    with ThreadPoolExecutor(2) as pool:
        for number, _ in enumerate(pool.map(lambda part: api.store(*part), some), start=1):
            print(f"\r{number * 1000:,} messages", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


class Bench:
    """Requests to the function and to DynamoDB, in turns."""

    def __init__(self, api: WebApi, function: Function) -> None:
        self._api = api
        self._function = function
        self._dynamodb = SignedApi("dynamodb", base=api.endpoint, timeout=120)
        self.peaks: list[int] = []

    def page(self, query: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Seconds in the function, and its answer."""
        answer = self._function.get("/api/messages", query)
        assert answer.status == 200, answer.body
        self.peaks.append(answer.peak_kib)
        return answer.seconds, answer.body

    def bare(self, filters: dict[str, str], limit: int, after: dict[str, str] | None) -> float:
        """Seconds of the Query that the page is made of."""
        index = "status" if "status" in filters else "stage"
        value = filters.get(index, STAGE)
        asked: dict[str, Any] = {
            "TableName": self._api.table,
            "IndexName": f"{index}-created_date-index",
            "KeyConditionExpression": "#h = :h",
            "ExpressionAttributeNames": {"#h": index},
            "ExpressionAttributeValues": {":h": {"S": value}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after:
            key = {name: after[name] for name in ("id", "created_date", index)}
            asked["ExclusiveStartKey"] = {name: {"S": text} for name, text in key.items()}
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "DynamoDB_20120810.Query",
        }
        body = json.dumps(asked).encode()
        began = time.perf_counter()
        answer = self._dynamodb.call("POST", "/", headers=headers, body=body)
        assert answer.status == 200
        return time.perf_counter() - began

    def measure(self, filters: dict[str, str], limit: int, samples: int) -> Samples:
        """Of the first three pages, in turns."""
        query: dict[str, Any] = {**filters, "limit": limit}
        pages: list[tuple[dict[str, Any], dict[str, str] | None]] = [(query, None)]
        while len(pages) < PAGES:
            _, page = self.page(pages[-1][0])
            if "next_cursor" not in page:
                break
            pages.append((query | {"cursor": page["next_cursor"]}, page["messages"][-1]))
        found = Samples()
        for asked, after in itertools.islice(itertools.cycle(pages), samples):
            found.bare.append(self.bare(filters, limit, after))
            found.api.append(self.page(asked)[0])
        return found


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def run(count: int, samples: int) -> dict[str, Any]:
    """Everything."""
    with services.local_aws() as endpoint, web_api(endpoint) as api:
        fill(api, count)
        with function() as started:
            bench = Bench(api, started)
            bench.page({"limit": 1})
            rows = [
                _row(name, limit, bench.measure(filters, limit, samples))
                for name, filters in FILTERS.items()
                for limit in LIMITS
            ]
            early, late = max(bench.peaks[:5]), max(bench.peaks)
    return {
        "messages": count,
        "lists": rows,
        "worst_p95_ratio": max(row["p95_ratio"] for row in rows),
        "budget": BUDGET,
        "peak_memory_mib": {"first pages": early // 1024, "all": late // 1024},
    }


def _row(name: str, limit: int, found: Samples) -> dict[str, Any]:
    added = statistics.median([api - bare for api, bare in zip(found.api, found.bare, strict=True)])
    row = {
        "filter": name,
        "limit": limit,
        "p95_seconds": round(p95(found.api), 3),
        "bare_p95_seconds": round(p95(found.bare), 3),
        "p95_ratio": round(p95(found.api) / p95(found.bare), 2),
        "added_ms": round(added * 1000, 1),
        "samples": [round(a / b, 3) for a, b in zip(found.api, found.bare, strict=True)],
    }
    print(json.dumps(row), file=sys.stderr)
    return row


def main() -> int:
    """Measure, write it down, and say whether it is within the budget."""
    count, samples = (int(word) for word in (sys.argv[1:] + ["100000", "12"][len(sys.argv) - 1 :]))
    report = run(count, samples)
    results.keep("message_list", report)
    print(json.dumps(report, indent=2))
    return 0 if report["worst_p95_ratio"] <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
