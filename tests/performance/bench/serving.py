"""Figures of what functions do once they run: inserts, messages, the lake, the gateway."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from tests.performance import gateway_endurance, promises
from tests.performance.bench.figure import Figure

type Report = dict[str, Any]


def _inserts(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    bulk, single = report["bulk"], report["single"]
    yield figure("of_bare_copy", "devices", "100,000 rows through the function, of a bare COPY",
                 bulk["of_bare_copy"], asked="≥ 0.5 of bare binary COPY", limit=bulk["budget"],
                 better="more", relative=True, samples=bulk["samples"])  # fmt: skip
    yield figure("rows_per_second", "devices", "rows a second through the function",
                 bulk["rows_per_second"]["function"], unit="rows/s", better="more")  # fmt: skip
    yield figure("overhead_p50_ms", "devices", "single insert, p50 above bare SQL",
                 single["overhead_p50_ms"], asked="< 2 ms", unit="ms",
                 limit=single["budget_ms"])  # fmt: skip


def _message_batch(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    rate, budget = report["messages_a_second"], report["budget_seconds"]
    yield figure("batch_seconds", "messages", "ten notifications, ntfy at 200 ms",
                 report["batch_seconds"]["median"], asked="< 300 ms", unit="s",
                 limit=budget)  # fmt: skip
    yield figure("batch_of_one_call", "messages", "ten notifications, beside one call of ntfy",
                 report["batch_seconds"]["median"] / report["ntfy_seconds"], unit="x one call",
                 limit=budget / report["ntfy_seconds"], relative=True, asked="< 1.5 x",
                 samples=report["samples"])  # fmt: skip
    yield figure("times_serial", "messages", "messages a second, times a serial processor's",
                 rate["batches of 10"] / rate["one by one"], unit="x", better="more",
                 asked="beside a serial one", relative=True)  # fmt: skip


def _message_list(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for row in report["lists"]:
        yield figure(f"{row['filter'].replace(' ', '-')}-{row['limit']}", "messages",
                     f"list of {report['messages']:,}, filter {row['filter']}, {row['limit']} a "
                     "page: p95 beside a bare Query", row["p95_ratio"], asked="≤ 1.5 x",
                     unit="x", limit=report["budget"], relative=True,
                     samples=row["samples"])  # fmt: skip
    early, late = report["peak_memory_mib"].values()
    yield figure("memory_growth", "messages", "memory after all pages, times after the first",
                 late / early, asked="flat", unit="x", limit=1.1, relative=True)  # fmt: skip


def _message_flood(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    title = f"{report['messages']:,} messages, poison, duplicates, killed processors: "
    for key, what in (
        ("lost", "lost"),
        ("notified_more_than_once", "told twice"),
        ("poison_not_in_dead_letters", "poison not in dead letters"),
        ("never_notified", "never told, after the redrive"),
        ("notified_more_than_once_after", "told twice, after the redrive"),
    ):
        yield figure(key, "messages", title + what, report[key], asked="0", limit=0, exact=True)
    yield figure("messages_a_second", "messages", "messages a second through it all",
                 report["messages_a_second"], unit="a second", better="more")  # fmt: skip


def _bronze_backfill(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    yield figure("loop_costs_times", "lake", "Lambda seconds of a loop that sleeps, times ours",
                 report["loop_costs_times"], asked="beside the naive loop", unit="x",
                 better="more", relative=True)  # fmt: skip
    yield figure("most_in_a_minute", "lake", "most requests to the source in any minute",
                 report["queue"]["most_in_a_minute"], asked="≤ 30", limit=30,
                 exact=True)  # fmt: skip
    yield figure("closest_s", "lake", "two requests to the source, closest",
                 report["queue"]["closest_s"], asked="≥ 1 s", unit="s", limit=1, better="more",
                 exact=True)  # fmt: skip


def _silver(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    yield figure("times_as_fast", "lake", "silver's rows, times as fast as plain Python",
                 report["rows"]["times_as_fast"], asked="≥ 5 x", unit="x", limit=5, better="more",
                 relative=True)  # fmt: skip
    yield figure("parquet_times_as_fast", "lake", "the same, written as Parquet",
                 report["rows_as_parquet"]["times_as_fast"], unit="x", better="more",
                 relative=True)  # fmt: skip
    yield figure("peak_mb", "lake", "memory at most", report["peak_mb"], asked="≤ 512 MB",
                 unit="MB", limit=512, relative=True)  # fmt: skip


def _mcp(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for name, times in report["p95_times_the_bare_read"].items():
        yield figure(name.replace(" ", "-"), "lake", f"MCP tool {name}, p95 beside the S3 read",
                     times, asked="< 2 x", unit="x", limit=report["budget"],
                     relative=True)  # fmt: skip


def _gateway(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for protocol in ("rest", "grpc"):
        for count, row in report[protocol].items():
            common, bare = report["common"][count], report["bare"][count]
            promised = {"asked": "≥ 3 x", "limit": 3} if str(count) == "256" else {}
            yield figure(f"{protocol}-{count}-times-common", "gateway",
                         f"{protocol} at {count} connections: requests, times the common way's",
                         row["per_second"] / common["per_second"], unit="x", better="more",
                         relative=True, **promised)  # fmt: skip
            above = {"asked": "≤ 2 ms", "limit": 2} if str(count) == "32" else {}
            yield figure(f"{protocol}-{count}-p50-above-bare", "gateway",
                         f"{protocol} at {count} connections: p50 above bare boto3",
                         row["p50"] - bare["p50"], unit="ms", **above)  # fmt: skip
    for way in ("bare", "common", "rest", "grpc"):
        for count, row in report[way].items():
            for share in sorted({"p50", "p95", "p99"} & row.keys()):
                yield figure(f"{way}-{count}-{share}", "gateway",
                             f"{way} at {count} connections: {share}", row[share],
                             unit="ms")  # fmt: skip
            yield figure(f"{way}-{count}-per-second", "gateway",
                         f"{way} at {count} connections: requests a second",
                         row["per_second"], unit="a second", better="more")  # fmt: skip
    yield figure("batch_seconds", "gateway", "a batch of 100 functions of 100 ms",
                 report["batch_seconds"], asked="< 250 ms", unit="s", limit=0.25)  # fmt: skip


def _gateway_overload(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for protocol, one in report.items():
        told = f"{protocol} at four times its places"
        for share, times in gateway_endurance.SLOWER.items():
            yield figure(f"{protocol}-{share}-times-the-limit", "gateway",
                         f"{told}: {share} of the admitted, times that at the limit",
                         one["over"][share] / one["at_limit"][share], asked=f"≤ {times} x",
                         unit="x", limit=times, relative=True)  # fmt: skip
        yield figure(f"{protocol}-refused", "gateway", f"{told}: p99 until a refusal",
                     one["over"]["refused"]["p99"], asked="at once", unit="ms",
                     limit=gateway_endurance.AT_ONCE["p99"])  # fmt: skip
        yield figure(f"{protocol}-bad", "gateway", f"{told}: answers that are neither",
                     one["over"]["bad"], asked="0", limit=0)  # fmt: skip


def _gateway_memory(figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    turns = report["turns"]
    yield figure("grown", "gateway",
                 f"memory after {turns[-1]['requests']:,} requests, times that after the first "
                 f"{turns[1]['requests']:,}", turns[-1]["mb"] / turns[1]["mb"], asked="flat",
                 unit="x", limit=gateway_endurance.GROWTH, relative=True)  # fmt: skip


def _proofs(chosen: str, figure: Callable[..., Figure], report: Report) -> Iterator[Figure]:
    for proof in promises.SETS[chosen][1]:
        one = report[proof.key]
        yield figure(proof.key, proof.system, proof.title, float(one["value"]), asked=proof.asked,
                     unit=proof.unit, limit=proof.limit, better=proof.better, relative=True,
                     command=proof.command)  # fmt: skip
    yield figure("failed", "fleet", "tests of these proofs that failed",
                 sum(len(one["failed"]) for one in report.values()), asked="0", limit=0,
                 exact=True)  # fmt: skip


TOLD: dict[str, Callable[[Callable[..., Figure], Report], Iterator[Figure]]] = {
    "inserts": _inserts,
    "message_batch": _message_batch,
    "message_list": _message_list,
    "message_flood": _message_flood,
    "bronze_backfill": _bronze_backfill,
    "silver": _silver,
    "mcp": _mcp,
    "gateway": _gateway,
    "gateway_overload": _gateway_overload,
    "gateway_memory": _gateway_memory,
    "proofs": functools.partial(_proofs, ""),
    "proofs_on_the_stack": functools.partial(_proofs, "stack"),
}
