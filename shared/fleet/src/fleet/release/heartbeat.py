"""The locks that one command holds, for as long as it works: a lease each, and a heartbeat."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fleet.release.lock import lost, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from function_kit.releases import Lock

    from fleet.release.lock import Locks
    from fleet.release.runner import Runner

HEARTBEAT_SECONDS: Final = 15.0
_RETRY_SECONDS = 2.0
# How long a command waits for a table that does not answer before it stops in the middle.
_PATIENCE_SECONDS = 60.0
_AT_ONCE = 16
_SERVER_ERROR = 500
_THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)


class Held:
    """The locks that one command holds, kept alive by a heartbeat."""

    def __init__(self, locks: Locks, runner: Runner, taken: Sequence[Lock] = ()) -> None:
        self._locks = locks
        self._runner = runner
        self._held = {lock.function: lock for lock in taken}
        self._mutex = threading.Lock()

    def add(self, lock: Lock) -> None:
        """Keep one more lock alive."""
        with self._mutex:
            self._held[lock.function] = lock

    def lock(self, function: str) -> Lock:
        """The lock of a function, which must still be held.

        A lease that ran out while the table did not answer is renewed: nobody has it, or the
        table would refuse.

        Raises:
            FleetError: another command has taken it (REFUSED), or that cannot be told
                (NEEDS_PERSON).
        """
        lock = self._known(function)
        return lock if lock.expires_at > self._runner.now() else self.confirm(function)

    def confirm(self, function: str) -> Lock:
        """Ask the table whether the lock is still held; the heartbeat may not have noticed yet.

        Raises:
            FleetError: as for `lock`.
        """
        until = self._runner.now() + _PATIENCE_SECONDS
        while True:
            lock = self._known(function)
            try:
                self._renew_one(function, lock)
                return self._known(function)
            except (ClientError, BotoCoreError) as error:
                if self._runner.now() >= until or not _may_pass(error):
                    raise unknown(function, error) from error
            self._runner.sleep(_RETRY_SECONDS)

    def _known(self, function: str) -> Lock:
        with self._mutex:
            lock = self._held.get(function)
        if lock is None:
            raise lost(function)
        return lock

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the locks while this block runs, and free them after it."""
        try:
            with self._runner.every(HEARTBEAT_SECONDS, self._renew):
                yield
        finally:
            with self._runner.shielded():
                self._runner.map(self.free, list(self._held), _AT_ONCE)

    def free(self, function: str) -> None:
        """Give one back early, so that others need not wait for the rest."""
        with self._mutex:
            lock = self._held.pop(function, None)
        if lock:
            # When it cannot be given back, it runs out by itself.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._locks.free(lock)

    def _renew(self) -> None:
        def renew(each: tuple[str, Lock]) -> None:
            # A heartbeat that finds nobody is tried again at the next one.
            with contextlib.suppress(ClientError, BotoCoreError):
                self._renew_one(*each)

        with self._mutex:
            held = list(self._held.items())
        # Side by side: a table that answers slowly must not cost the last of many their lease.
        self._runner.map(renew, held, _AT_ONCE)

    def _renew_one(self, function: str, lock: Lock) -> None:
        renewed = self._locks.renew(lock)
        with self._mutex:
            # It may have been given back meanwhile.
            if function not in self._held:
                return
            if renewed:
                self._held[function] = renewed
            else:
                del self._held[function]


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help."""
    if not isinstance(error, ClientError):
        return True
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _SERVER_ERROR or error.response["Error"]["Code"] in _THROTTLED
