"""The local stack that benchmarks share: of their own, from this checkout, removed afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from fleet.project import Project

from tests.kit.program import ROOT, fleet
from tests.performance import fifteen
from tests.performance.bench.sections import STACK


@contextmanager
def stack() -> Iterator[dict[str, Any]]:
    """Start it; gives how many seconds that took. Programs started meanwhile are on it."""
    with mock.patch.dict(os.environ, {"FLEET_STACK": STACK, "BENCH_STACK": STACK}):
        _verb("down")
        try:
            up = _verb("up")
            yield {
                "up_seconds": up,
                "bootstrap_seconds": _verb("bootstrap", "--tag", Project(ROOT).commit()),
            }
        finally:
            _verb("down")
            fifteen.forget()


def _verb(*words: str) -> float:
    began = time.perf_counter()
    ended = fleet(*words, FLEET_STACK=STACK)
    if ended.code:
        raise RuntimeError(f"fleet {words[0]} failed: {ended.err}")
    return round(time.perf_counter() - began, 1)
