"""The service form: gRPC and REST from the same processes, one for each core.

    python -m lambda_action.serve

The first process only starts the others, which share both ports (SO_REUSEPORT), starts one anew
that ended unasked, and passes SIGTERM on. Each drains: it says that it is not ready, takes no new
request, ends those that are under way, stores the audit, and is gone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from function_kit.logging import get_logger
from function_kit.secrets import SecretError
from function_kit.settings import ConfigurationError, load

from lambda_action import aaa
from lambda_action.audit_counts import CELLS, Counts
from lambda_action.logs import configure
from lambda_action.settings import GatewaySettings

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

SERVICE: Final = "lambda-action"
# Seconds: a process that ended sooner than this after its start will most likely do so again.
_TOO_SOON: Final = 5.0
_ATTEMPTS: Final = 3
_CONFIGURATION: Final = 78  # EX_CONFIG of sysexits.h

_log = get_logger()


def main() -> None:
    """Serve until SIGTERM or SIGINT; exits 0 when everything under way was finished."""
    try:
        settings = load(GatewaySettings)
    except ConfigurationError as error:
        sys.exit(f"lambda-action: {error}")
    configure(SERVICE, settings)
    sys.exit(Supervisor(settings.processes or os.cpu_count() or 1).run())


class _Worker(NamedTuple):
    process: BaseProcess
    cells: Any
    started: float
    number: int


class Supervisor:
    """The processes, and what becomes of them."""

    def __init__(self, count: int) -> None:
        """Run `count` of them."""
        self._count = count
        # Not forked: gRPC's threads do not survive that.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._stopping = False
        self._failures = 0

    def run(self) -> int:
        """Start, watch, and return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(self._count):
            self._start()
        while self._workers:
            multiprocessing.connection.wait([w.process.sentinel for w in self._workers], timeout=1)
            self._look_after()
        return 1 if self._failures >= _ATTEMPTS else 0

    def _start(self) -> None:
        # Counted in memory of this process, which outlives that one.
        cells = self._context.RawArray("Q", CELLS)
        taken = {worker.number for worker in self._workers}
        number = next(n for n in range(self._count) if n not in taken)
        process = self._context.Process(target=_work, args=(cells, number), name=SERVICE)
        process.start()
        self._workers.append(_Worker(process, cells, time.monotonic(), number))

    def _look_after(self) -> None:
        for worker in [w for w in self._workers if not w.process.is_alive()]:
            self._workers.remove(worker)
            self._settle(worker)
            if self._stopping:
                continue
            if time.monotonic() - worker.started < _TOO_SOON:
                self._failures += 1
            if self._failures >= _ATTEMPTS:
                self._stop()
            else:
                self._start()

    def _settle(self, worker: _Worker) -> None:
        """Say how a process ended that was not to, and what of the audit went with it."""
        if worker.process.exitcode:
            _log.error("process_ended", pid=worker.process.pid, exit_code=worker.process.exitcode)
        if lost := Counts(worker.cells).unsettled():
            aaa.audited(0, lost=lost)

    def _stop(self, *_: Any) -> None:
        self._stopping = True
        for worker in self._workers:
            worker.process.terminate()


def _work(cells: Any, number: int) -> None:
    """One process: everything that takes time to import is imported here."""
    import uvloop  # noqa: PLC0415

    from lambda_action.keys import WeakKey  # noqa: PLC0415
    from lambda_action.worker import serve  # noqa: PLC0415

    settings = load(GatewaySettings)
    configure(SERVICE, settings, number)
    # Ctrl-C reaches the whole group; the first process says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(serve(settings, cells))
        except (SecretError, WeakKey) as error:
            sys.exit(f"lambda-action: {error}")


if __name__ == "__main__":
    main()
