"""The service form: gRPC and REST from the same processes, one for each core.

    python -m lambda_action.serve

The first process only starts the others, which share both ports (SO_REUSEPORT), starts one anew
that ended unasked, and passes SIGTERM on. Each drains: it says that it is not ready, takes no new
request, ends those that are under way, stores the audit, and is gone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from function_kit.logging import get_logger
from function_kit.settings import ConfigurationError, load

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


class Supervisor:
    """The processes, and what becomes of them."""

    def __init__(self, count: int) -> None:
        """Run `count` of them."""
        self._count = count
        # Not forked: gRPC's threads do not survive that.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[tuple[BaseProcess, float]] = []
        self._stopping = False
        self._failures = 0

    def run(self) -> int:
        """Start, watch, and return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(self._count):
            self._start()
        while self._workers:
            multiprocessing.connection.wait([w.sentinel for w, _ in self._workers], timeout=1)
            self._look_after()
        return 1 if self._failures >= _ATTEMPTS else 0

    def _start(self) -> None:
        worker = self._context.Process(target=_work, name=SERVICE)
        worker.start()
        self._workers.append((worker, time.monotonic()))

    def _look_after(self) -> None:
        for worker, started in list(self._workers):
            if worker.is_alive():
                continue
            self._workers.remove((worker, started))
            if self._stopping:
                continue
            _log.error("process_ended", pid=worker.pid, exit_code=worker.exitcode)
            if time.monotonic() - started < _TOO_SOON:
                self._failures += 1
            if self._failures >= _ATTEMPTS:
                self._stop()
            else:
                self._start()

    def _stop(self, *_: Any) -> None:
        self._stopping = True
        for worker, _started in self._workers:
            worker.terminate()


def _work() -> None:
    """One process: everything that takes time to import is imported here."""
    import uvloop  # noqa: PLC0415

    from lambda_action.worker import serve  # noqa: PLC0415

    settings = load(GatewaySettings)
    configure(SERVICE, settings)
    # Ctrl-C reaches the whole group; the first process says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))


if __name__ == "__main__":
    main()
