"""A process under load that prints the id of each answer it gives, to be killed by a test.

python -m tests.kit.audited_process URL required|best-effort [shared memory's name]
"""

from __future__ import annotations

import asyncio
import sys
from multiprocessing.shared_memory import SharedMemory

from function_kit.logging import configure
from lambda_action.audit import PostgresAudit
from lambda_action.audit_backlog import Bounds
from lambda_action.audit_counts import Counts
from lambda_action.audit_rows import Table
from lambda_action.database import Database

from tests.kit.audited import invocation, settings


async def main(url: str, mode: str, memory: str) -> None:
    """Answer until killed."""
    shared = SharedMemory(memory, track=False)
    table = Table(Database(settings(url), "killed"))
    counts = Counts(shared.buf.cast("Q"))
    made = PostgresAudit(table, Bounds(), required=mode == "required", counts=counts)

    async def work(worker: int) -> None:
        for number in range(1_000_000):
            request_id = f"{worker}-{number}"
            await made.admit()
            await made.record([invocation(request_id)])
            # One write a line, so that what was printed is whole.
            sys.stdout.write(f"{request_id}\n")
            sys.stdout.flush()
            await asyncio.sleep(0)

    await asyncio.gather(*(work(worker) for worker in range(32)))


if __name__ == "__main__":
    configure(service="killed", level="CRITICAL")  # its output is ids alone
    asyncio.run(main(*sys.argv[1:4]))
