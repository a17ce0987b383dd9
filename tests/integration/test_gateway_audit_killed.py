"""A process that is killed under load: what it answered is in the audit, or is counted as lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest
from lambda_action.audit_counts import CELLS, Counts

from tests.kit.audited import stored, url
from tests.kit.database_server import Server, database_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        yield server


@contextmanager
def memory() -> Iterator[tuple[str, Counts]]:
    """Counts that outlive the process."""
    shared = SharedMemory(create=True, size=8 * CELLS)
    cells = shared.buf.cast("Q")
    try:
        yield shared.name, Counts(cells)
    finally:
        cells.release()
        shared.close()
        shared.unlink()


def killed(server: Server, mode: str, name: str) -> set[str]:
    """Run it until it has given some answers, kill it, and return their ids."""
    command = [sys.executable, "-m", "tests.kit.audited_process", url(server), mode, name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(1500)]
        process.kill()
        answered += process.stdout.readlines()
    return {line.strip() for line in answered if line.endswith("\n")}


def test_whatever_a_killed_process_answered_is_in_the_audit(server: Server) -> None:
    with memory() as (name, _):
        answered = killed(server, "required", name)
    assert len(answered) >= 1500
    assert answered <= set(stored(server))


def test_what_a_killed_process_took_with_it_is_counted(server: Server) -> None:
    """No row is counted as stored that is not; one whose commit nobody heard of may be there."""
    with server.admin() as admin:
        admin.execute("TRUNCATE lambda_invocations")
    with memory() as (name, counts):
        answered = killed(server, "best-effort", name)
        there = stored(server)
        lost = counts.unsettled()
        assert counts.shown()["stored"] <= len(there)
        assert len(answered - set(there)) <= lost
        assert len(there) + lost >= len(answered)
