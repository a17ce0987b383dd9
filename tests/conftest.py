"""How the tests are shared out when several processes run them (pytest -n)."""

from __future__ import annotations

import contextlib
import io
import os

import pytest
from function_kit import metrics
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

MODEST = 5  # niceness: a third as much of a busy core
# They have a local stack of their own.
ELSEWHERE = ("tests/e2e/test_destroy.py",)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One process has the local stack; otherwise a file's tests share their services in one.

    The marker xdist_group would say the same: xdist 3.8 loses it under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if on_the_stack(nodeid) else nodeid.split("::", 1)[0]


def on_the_stack(nodeid: str) -> bool:
    """Whether a test is one of those that share the local stack."""
    return nodeid.startswith("tests/e2e/") and not nodeid.startswith(ELSEWHERE)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """The stack's tests are the longest row, and wait for much: the others take what is left."""
    if "PYTEST_XDIST_WORKER" in os.environ and not on_the_stack(item.nodeid):
        os.setpriority(os.PRIO_PROCESS, 0, MODEST)


@pytest.fixture(autouse=True)
def no_metrics_of_another_test() -> None:
    """What a test counted without a handler is not written by the handler of the next."""
    with contextlib.redirect_stdout(io.StringIO()):
        metrics.flush_all()
