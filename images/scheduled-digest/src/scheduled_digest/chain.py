"""A run as a link of a chain: started once, ended in time, and followed by the next."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from function_kit.deadline import Deadline
from function_kit.logging import get_logger

from scheduled_digest.ledger import Claimant
from scheduled_digest.models import Continuation, Counts, Deferred, Event, Result
from scheduled_digest.pace import Pace, Rate
from scheduled_digest.progress import Progress
from scheduled_digest.retention import purge
from scheduled_digest.run import Bounds, Outside, Run

if TYPE_CHECKING:
    from function_kit.metrics import Metrics

    from scheduled_digest.continuation import Successor
    from scheduled_digest.delivery import Backend
    from scheduled_digest.ledger import Ledger
    from scheduled_digest.monitors import Monitors
    from scheduled_digest.settings import DigestSettings

_COMPLETED = {"daily": ("Daily",), "weekly": ("Weekly",), "both": ("Daily", "Weekly")}
log = get_logger()


class PurgeError(Exception):
    """Every digest is done, but deleted monitors were not purged."""


class NoProgressError(Exception):
    """Time was up before a single digest could be tried."""


class Context(Protocol):
    """The part of Lambda's context that a run needs."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What an execution environment makes once and its runs share.

    Attributes:
        settings: Of the function.
        monitors: Supabase.
        backend: The digest backend.
        ledger: Claims, runs and the rate.
        metrics: Written out after each invocation.
    """

    settings: DigestSettings
    monitors: Monitors
    backend: Backend
    ledger: Ledger
    metrics: Metrics


class Link:
    """One run of a chain."""

    def __init__(
        self, services: Services, successor: Successor, event: Event, context: Context
    ) -> None:
        """Prepare the run; the clock is running.

        Args:
            services: The clients.
            successor: Starts the next run.
            event: What started this one.
            context: Lambda's.
        """
        # Calls in flight at the deadline may last so long, and there is still all to settle.
        reserve = services.backend.longest_call + services.settings.digest_reserve
        came: Continuation | None = event.continuation
        self._services = services
        self._successor = successor
        self._frequency = event.frequency
        self._frequencies = event.frequencies
        self._owner = context.aws_request_id
        self._root = came.root_request_id if came else self._owner
        self._number = came.link if came else 0
        self._deadline = Deadline.from_context(context, reserve)
        self._ends_at = time.time() + context.get_remaining_time_in_millis() / 1000
        self._came = came
        self._before = came.counts if came else Counts()

    def run(self) -> Result:
        """Do the run's share of the work.

        Raises:
            PurgeError: In the last link, when all digests are done: raised earlier, Lambda
                would repeat a run that another already goes on from.
            NoProgressError: The function's time limit leaves no room for work.
            SupabaseError: Monitors could not be read.
            AwsError: The ledger or the function itself could not be reached.
        """
        now = datetime.now(UTC)
        log.info("triggered at %s", now.isoformat(), frequency=self._label, link=self._number)
        wanted = self._came.day if self._came else now.date()
        started = self._services.ledger.start(self._root, self._number, self._owner, wanted)
        if started.owner != self._owner or self._handed_over():
            log.warning("another run already goes on from here")
            purged = self._came.purged if self._came else 0
            return self._result(self._before, purged, continued=True)
        return self._work(started.day)

    def _handed_over(self) -> bool:
        """Whether this event is repeated although the run it started had handed over."""
        return self._services.ledger.started(self._root, self._number + 1)

    def _work(self, day: date) -> Result:
        purged = self._came.purged if self._came else self._purge()
        came = self._came
        progress = Progress.of(came.after, came.deferred, came.counts) if came else Progress()
        pace = self._pace()
        run = self._digests(progress, pace, day)
        finished = run.digest()
        self._measure(progress.counts)
        if finished:
            return self._finish(progress.counts, purged)
        if not run.moved:
            raise NoProgressError(
                "time was up before any digest was tried: raise the function's timeout"
                " or lower DIGEST_CALL_TIMEOUT"
            )
        self._hand_over(progress, pace, day, purged)
        return self._result(progress.counts, purged, continued=True)

    def _purge(self) -> int | None:
        services = self._services
        purged = purge(services.monitors, services.settings.retention_days, self._deadline)
        services.metrics.add("PurgeFailed", int(purged is None))
        services.metrics.add("MonitorsPurged", purged or 0)
        return purged

    def _pace(self) -> Pace:
        settings = self._services.settings
        rate = Rate(settings.digest_rate_per_minute, settings.digest_concurrency)
        held_until = self._came.not_before if self._came else 0.0
        return Pace(self._services.ledger, rate, held_until=held_until)

    def _digests(self, progress: Progress, pace: Pace, day: date) -> Run:
        services = self._services
        return Run(
            Outside(services.monitors, services.backend, services.ledger, pace),
            self._frequencies,
            Claimant(self._owner, self._ends_at, day),
            progress,
            Bounds(self._deadline, services.settings.digest_concurrency),
        )

    def _finish(self, counts: Counts, purged: int | None) -> Result:
        log.info("processing complete", **asdict(counts), purged=purged)
        for name in _COMPLETED[self._label]:
            self._services.metrics.add(f"{name}RunsCompleted", 1)
        if purged is None:
            raise PurgeError("digests are done, but deleted monitors could not be purged")
        return self._result(counts, purged, continued=False)

    def _hand_over(self, progress: Progress, pace: Pace, day: date, purged: int | None) -> None:
        continuation = Continuation(
            root_request_id=self._root,
            link=self._number + 1,
            day=day,
            after=progress.after,
            deferred=tuple(Deferred(id=i, attempts=n) for i, n in progress.deferred.items()),
            counts=progress.counts,
            purged=purged,
            not_before=pace.held_until,
        )
        self._successor.start(self._frequency, continuation)
        log.info("continued in another run", **asdict(progress.counts))

    def _measure(self, counts: Counts) -> None:
        """This link's share: the chain's metrics are the sum over its links."""
        for name in ("succeeded", "failed", "skipped"):
            share = getattr(counts, name) - getattr(self._before, name)
            self._services.metrics.add(f"Digests{name.capitalize()}", share)

    @property
    def _label(self) -> Literal["daily", "weekly", "both"]:
        return self._frequency or "both"

    def _result(self, counts: Counts, purged: int | None, *, continued: bool) -> Result:
        return {
            "frequency": self._label,
            "active": counts.active,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "skipped": counts.skipped,
            "purged": purged,
            "continued": continued,
        }
