"""What `make bench` measures: each part a program of its own, which keeps its report."""

from __future__ import annotations

import sys
from dataclasses import dataclass

STACK = "bench:800"
"""A local stack of the benchmark's own."""


@dataclass(frozen=True)
class Section:
    """A part of the run.

    Attributes:
        name: What ONLY= takes, and the first part of its figures' keys.
        module: The program, below tests.performance.
        report: The name under which the program keeps its report.
        stack: It wants the local stack, up and released.
        arguments: Of the program.
        minutes: After which it is given up.
    """

    name: str
    module: str
    report: str
    stack: bool = False
    arguments: tuple[str, ...] = ()
    minutes: float = 20

    @property
    def words(self) -> list[str]:
        return [sys.executable, "-m", f"tests.performance.{self.module}", *self.arguments]

    @property
    def command(self) -> str:
        """What a person types."""
        return f"make bench ONLY={self.name}"


SECTIONS = (
    Section("cold_start", "cold_start", "cold_start", minutes=30),
    Section("sizes", "sizes", "sizes"),
    Section("builds", "builds", "builds", minutes=40),
    Section("inserts", "bulk_insert", "inserts"),
    Section("message_batch", "message_batch", "message_batch"),
    Section("message_list", "message_list", "message_list"),
    Section("bronze_backfill", "bronze_backfill", "bronze_backfill"),
    Section("silver", "silver", "silver"),
    Section("mcp", "mcp", "mcp"),
    Section("gateway", "gateway", "gateway"),
    Section("gateway_overload", "gateway_endurance", "gateway_overload", arguments=("overload",)),
    Section("gateway_memory", "gateway_endurance", "gateway_memory", arguments=("memory",)),
    Section("proofs", "proofs", "proofs", minutes=30),
    Section("terraform", "plans", "terraform", stack=True),
    Section("calls", "calls", "calls", stack=True),
    Section("message_flood", "message_flood", "message_flood", stack=True, minutes=30),
    Section("delivery", "delivery", "delivery", stack=True),
    Section("releases", "releases", "releases", stack=True, minutes=30),
    Section(
        "proofs_on_the_stack", "proofs", "proofs_on_the_stack", stack=True, arguments=("stack",)
    ),
    Section("demo", "demo", "demo", minutes=15),
)


def chosen(only: str) -> list[Section]:
    """The sections of ONLY=, or all; names are separated by commas or spaces.

    Raises:
        ValueError: A name is none of a section.
    """
    names = only.replace(",", " ").split()
    known = {section.name for section in SECTIONS}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no section {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [section for section in SECTIONS if not names or section.name in names]
