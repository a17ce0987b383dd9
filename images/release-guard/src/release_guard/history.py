"""The history of releases and its locks, in DynamoDB; `function_kit.releases` knows the items."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from function_kit import releases
from function_kit.aws_errors import AwsError
from function_kit.releases import Lock, Release

from release_guard.settings import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from function_kit.releases import State
    from function_kit.signed_api import SignedApi

_REFUSED = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
_NEWEST = 50  # releases that are looked at
_CONFLICTS = 3  # a transaction is refused, too, for what another one does at the same time
# No function has this name, so a write that wants it to exist is refused and never made.
_NOBODY: Final = "#smoke-test"


class TakenOver(Exception):  # noqa: N818 - what happened, not what went wrong
    """Somebody else holds the lock by now, or closed the rollback: what is left is theirs."""


class History:
    """The releases table of one environment."""

    def __init__(
        self, api: SignedApi, table: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Take the table; the clock gives seconds since the epoch."""
        self._api = api
        self._table = table
        self._clock = clock

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def timestamp(self) -> str:
        """Now, as the history writes it."""
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")

    def of(self, function: str) -> list[Release]:
        """A function's releases, newest first."""
        answer = self._api.call_json("Query", releases.newest(self._table, function, _NEWEST))
        return [releases.decode_release(item) for item in answer["Items"]]

    def lock(self, function: str) -> Lock | None:
        """A function's lock as it is; None when nobody ever took it."""
        item = self._item(releases.key(function))
        return releases.decode_lock(item) if item else None

    def take(self, function: str, run_id: str, holder: str, seconds: float) -> Lock | None:
        """Take a function's lock, if it is free or this run's own; None when it is not.

        Args:
            function: The function.
            run_id: What this run is known by, in every delivery of its event.
            holder: Who that is, for people.
            seconds: After which it is free again, whatever became of this run.
        """
        seen = self.lock(function)
        if seen and seen.run_id != run_id and not seen.is_free(self._clock()):
            return None
        lock = Lock(
            function=function,
            run_id=run_id,
            kind="rollback",
            holder=holder,
            since=self.timestamp(),
            expires_at=self._clock() + seconds,
            token=(seen.token if seen else 0) + 1,
        )
        return lock if self._put(lock, seen) else None

    def free(self, lock: Lock) -> None:
        """Give a lock back; nothing happens when it is somebody else's by now."""
        self._put(Lock(function=lock.function, token=lock.token), lock)

    def begin(self, release: Release, lock: Lock, closing: Sequence[Release] = ()) -> Release:
        """Write an intent, while the lock is held.

        Args:
            release: The intent.
            lock: Of its function.
            closing: Releases that it takes the place of, with the state that they end in.

        Raises:
            TakenOver: It no longer is.
        """
        begun = replace(release, run_id=lock.run_id, token=lock.token)
        for _ in range(_CONFLICTS):
            parameters = releases.begin(self._table, begun, lock, closing)
            if self._write("TransactWriteItems", parameters, begun):
                return begun
            held = self.lock(lock.function)
            if held is None or (held.token, held.run_id) != (lock.token, lock.run_id):
                break
        raise TakenOver

    def finish(self, release: Release, state: State, **changes: Any) -> Release:
        """Write how a release ended.

        Raises:
            TakenOver: Somebody else has closed it.
        """
        done = replace(release, state=state, finished_at=self.timestamp(), **changes)
        if not self._write("PutItem", releases.save(self._table, done), done):
            raise TakenOver
        return done

    def check(self) -> None:
        """Use every permission that a rollback needs, and change nothing.

        Raises:
            AwsError: One is missing, or the table could not be used.
        """
        self.of(NAME)
        self.lock(NAME)
        nothing = Release(_NOBODY, _NOBODY, "rollback", "started", "", "", "", "", NAME, "")
        self._write("PutItem", releases.save(self._table, nothing), nothing)
        unheld = Lock(_NOBODY, run_id=_NOBODY, token=-1)
        self._write("TransactWriteItems", releases.begin(self._table, nothing, unheld), nothing)

    def _put(self, lock: Lock, seen: Lock | None) -> bool:
        return self._write("PutItem", releases.take(self._table, lock, seen), lock)

    def _write(self, operation: str, parameters: dict[str, Any], item: Release | Lock) -> bool:
        """Whether a conditional write was made."""
        try:
            self._api.call_json(operation, parameters)
        except AwsError as error:
            if error.code not in _REFUSED:
                raise
            # An answer may get lost after the write: then the item is what it was to become.
            wanted = releases.encode(item)
            return self._item({name: wanted[name] for name in ("function", "release_id")}) == wanted
        return True

    def _item(self, key: dict[str, Any]) -> dict[str, Any]:
        parameters = {"TableName": self._table, "Key": key, "ConsistentRead": True}
        item: dict[str, Any] = self._api.call_json("GetItem", parameters).get("Item", {})
        return item
