"""One run: a digest for every due monitor, or for as many as time allows.

A run that runs out of time says where it stopped; `continuation` starts the next one from there.
The runs that follow each other are links of one chain, with one UTC day and common counts.

What is guaranteed. A digest is claimed in the ledger before it is sent, so that two runs never
send the same one, and it is marked when the backend has accepted it, so that no later run of
that day sends it again, a repetition by Lambda of a failed run included. One case is left open:
the answer is lost (a timeout, a cut connection, the run killed between the call and the mark),
and nobody on this side can know whether the work was done. The call is then repeated with the
same Idempotency-Key, `<monitor>:<day>`. So it is exactly once with a backend that honours the
key, and at least once, in that case only, with one that does not. The same holds when Lambda
delivers one event twice at the same time, since both copies have one request id.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from function_kit.logging import get_logger
from pydantic import ValidationError

from scheduled_digest.delivery import Backend, Delivery, Outcome
from scheduled_digest.ledger import Claimant, Ledger, State
from scheduled_digest.models import MAX_DEFERRED, Monitor, faults
from scheduled_digest.monitors import IDS_AT_ONCE, Monitors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from function_kit.deadline import Deadline

    from scheduled_digest.pace import Pace
    from scheduled_digest.progress import Progress

_STATES = {
    Outcome.SENT: State.SENT,
    Outcome.FAILED: State.FAILED,
    Outcome.DEFERRED: State.DEFERRED,
}
log = get_logger()


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run talks to.

    Attributes:
        monitors: Supabase.
        backend: The digest backend.
        ledger: Claims.
        pace: The rate of calls to the backend.
    """

    monitors: Monitors
    backend: Backend
    ledger: Ledger
    pace: Pace


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a run must stay within.

    Attributes:
        deadline: No digest is begun after it.
        concurrency: Digests at once, at most.
    """

    deadline: Deadline
    concurrency: int


class Run:
    """Sends digests from where `progress` stands until all are done or time is up."""

    def __init__(
        self,
        outside: Outside,
        frequencies: Sequence[str],
        who: Claimant,
        progress: Progress,
        bounds: Bounds,
    ) -> None:
        """Prepare a run.

        Args:
            outside: What it talks to.
            frequencies: Which monitors are due.
            who: Claims the digests.
            progress: Moved on as digests are done.
            bounds: Of time and concurrency.
        """
        self.progress = progress
        # Whether anything was done: a run that did nothing must not start another like it.
        self.moved = False
        self._outside = outside
        self._frequencies = frequencies
        self._who = who
        self._deadline = bounds.deadline
        self._concurrency = bounds.concurrency
        self._stopping = False
        self._pending: dict[Future[Delivery | None], tuple[Monitor, int]] = {}

    def digest(self) -> bool:
        """Send them.

        Returns:
            Whether every due monitor is done.

        Raises:
            SupabaseError: Monitors could not be read.
            AwsError: The ledger could not be used.
        """
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="digest") as pool:
            exhausted = self._submit_all(pool)
            while self._pending:
                self._collect(None)
        return exhausted and not self.progress.deferred

    def _submit_all(self, pool: ThreadPoolExecutor) -> bool:
        for row in self._rows():
            if not self._room():
                return False
            self._submit(pool, row)
        return True

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Unchecked rows: first those left over by the run before, then page after page."""
        waiting = sorted(self.progress.deferred)
        for start in range(0, len(waiting), IDS_AT_ONCE):
            yield from self._leftover(waiting[start : start + IDS_AT_ONCE])
        while page := self._page():
            yield from page

    def _leftover(self, ids: list[UUID]) -> list[dict[str, Any]]:
        rows = self._outside.monitors.by_ids(ids, self._frequencies, self._deadline)
        # Deleted, or due at another time, since they were read.
        for gone in set(ids) - {UUID(row["id"]) for row in rows}:
            del self.progress.deferred[gone]
            self._count("skipped")
        return rows

    def _page(self) -> list[dict[str, Any]]:
        page = self._outside.monitors.page(
            self._frequencies,
            self._deadline,
            after=self.progress.after,
            counted=self.progress.active is None,
        )
        if self.progress.active is None:
            self.progress.active = page.total or 0
            log.info("%d active monitors", self.progress.active)
        return page.rows

    def _room(self) -> bool:
        """Wait until another digest may begin; whether there is time for it."""
        while len(self._pending) >= self._concurrency and not self._over():
            self._collect(self._deadline.remaining())
        self._collect(0)
        return not self._over()

    def _over(self) -> bool:
        return self._stopping or self._deadline.expired

    def _submit(self, pool: ThreadPoolExecutor, row: dict[str, Any]) -> None:
        monitor_id = UUID(row["id"])
        attempts = self.progress.deferred.pop(monitor_id, None)
        if attempts is None:
            self.progress.after = monitor_id
        try:
            monitor = Monitor.model_validate(row)
        except ValidationError as error:
            self._count("failed")
            log.warning("malformed monitor", monitor_id=row["id"], faults=faults(error))
            return
        # The invocation's identity is on a thread's log lines only with the context it is in.
        task = pool.submit(copy_context().run, self._one, monitor, attempts or 0)
        self._pending[task] = monitor, attempts or 0

    def _one(self, monitor: Monitor, attempts: int) -> Delivery | None:
        """Claim, send and settle one digest, in a thread; None when it is not ours to send."""
        if not self._outside.ledger.claim(monitor.id, self._who):
            return None
        log.info(
            "digest for %s (delivery: %s)",
            monitor.repo,
            monitor.delivery_method,
            monitor_id=str(monitor.id),
        )
        delivery = self._outside.backend.send(
            monitor, self._who.day, self._outside.pace, self._deadline, attempts=attempts
        )
        self._outside.ledger.settle(monitor.id, self._who, _STATES[delivery.outcome])
        return delivery

    def _collect(self, timeout: float | None) -> None:
        """Take in what is done, waiting at most `timeout` seconds for something to be."""
        done, _ = wait(self._pending, timeout, FIRST_COMPLETED)
        for task in done:
            monitor, attempts = self._pending.pop(task)
            delivery = task.result()
            if delivery is None:
                self._count("skipped")
                continue
            self.moved |= delivery.attempts > attempts
            self._stopping |= delivery.out_of_time
            self._account(monitor, delivery)

    def _account(self, monitor: Monitor, delivery: Delivery) -> None:
        if delivery.outcome is Outcome.SENT:
            self._count("succeeded")
        elif delivery.outcome is Outcome.DEFERRED and len(self.progress.deferred) < MAX_DEFERRED:
            self.progress.deferred[monitor.id] = delivery.attempts
        else:
            self._count("failed")
            log.warning(
                "digest failed for %s",
                monitor.repo,
                monitor_id=str(monitor.id),
                reason=delivery.reason,
                attempts=delivery.attempts,
            )

    def _count(self, outcome: str) -> None:
        self.progress.tally[outcome] += 1
        self.moved = True
