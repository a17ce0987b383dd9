"""How the tests are shared out when several processes run them (pytest -n)."""

from __future__ import annotations

import contextlib
import io

import pytest
from function_kit import metrics
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One process has the local stack; otherwise a file's tests share their services in one.

    The marker xdist_group would say the same: xdist 3.8 loses it under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith("tests/e2e/") else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def no_metrics_of_another_test() -> None:
    """What a test counted without a handler is not written by the handler of the next."""
    with contextlib.redirect_stdout(io.StringIO()):
        metrics.flush_all()
