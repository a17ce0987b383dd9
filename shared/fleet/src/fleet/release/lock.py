"""Locks: who may change a function. A lease with a heartbeat, and a token that only grows.

A holder that dies stops renewing, and its lease runs out. A holder that only slept finds
its token outdated: the history refuses its writes, and Lambda its outdated revision ids.
"""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from function_kit import releases
from function_kit.releases import Kind, Lock

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from fleet.environments import Environment
    from fleet.release.runner import Runner

LEASE_SECONDS: Final = 60.0
_RETRY_SECONDS = 2.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Holder:
    """A command that takes locks.

    Attributes:
        run_id: its own, unique.
        name: who it is, for people.
        process: which process of which boot of which machine; empty where that is unknown.
    """

    run_id: str
    name: str
    process: str = ""

    @classmethod
    def of_this_process(cls, run_id: str) -> Holder:
        """This process, on behalf of whoever started it."""
        host = socket.gethostname()
        name = f"{actor()} on {host} (process {os.getpid()})"
        return cls(run_id, name, f"{_boot()}/{host}/{os.getpid()}/{_started(os.getpid())}")


def actor() -> str:
    """Who runs this: the workflow's actor, or the user."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()


class Locks:
    """The locks of one environment."""

    def __init__(self, environment: Environment, client: Any, runner: Runner) -> None:
        self._table = environment.history_table
        self._environment = environment
        self._client = client
        self._runner = runner

    def read(self, function: str) -> Lock | None:
        """A function's lock as it is; None when it was never taken."""
        try:
            answer = self._client.get_item(
                TableName=self._table, Key=releases.key(function), ConsistentRead=True
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise no_table(self._environment) from error
        return releases.decode_lock(answer["Item"]) if "Item" in answer else None

    def is_free(self, lock: Lock | None) -> bool:
        """Whether a lock can be taken: free, run out, or held by a process that is gone."""
        return lock is None or lock.is_free(self._runner.now()) or _is_dead(lock.process)

    def take(self, function: str, holder: Holder, kind: Kind, wait_seconds: float = 0) -> Lock:
        """Take a function's lock.

        Raises:
            FleetError: somebody else holds it, and still did after the wait (REFUSED).
        """
        deadline = self._runner.now() + wait_seconds
        while True:
            seen = self.read(function)
            if self.is_free(seen) or _may_preempt(kind, seen):
                taken = self._put(self._next(function, holder, kind, seen), seen)
                if taken:
                    return taken
            elif self._runner.now() >= deadline:
                raise held(seen)
            else:
                self._runner.sleep(min(_RETRY_SECONDS, deadline - self._runner.now()))

    def _next(self, function: str, holder: Holder, kind: Kind, seen: Lock | None) -> Lock:
        now = self._runner.now()
        return Lock(
            function=function,
            run_id=holder.run_id,
            kind=kind,
            holder=holder.name,
            since=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
            expires_at=now + LEASE_SECONDS,
            token=(seen.token if seen else 0) + 1,
            process=holder.process,
        )

    def renew(self, lock: Lock) -> Lock | None:
        """Put off when a lease runs out; None when it is somebody else's now."""
        return self._put(replace(lock, expires_at=self._runner.now() + LEASE_SECONDS), lock)

    def free(self, lock: Lock) -> None:
        """Give a lock back; nothing happens when it is somebody else's by now."""
        free = Lock(function=lock.function, token=lock.token)
        self._put(free, lock)

    def _put(self, lock: Lock, seen: Lock | None) -> Lock | None:
        try:
            self._client.put_item(**releases.take(self._table, lock, seen))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            # An answer may get lost after the write: then the lock is as it was to become.
            found = self.read(lock.function)
            return lock if found and releases.encode(found) == releases.encode(lock) else None
        return lock


class LostError(FleetError):
    """Another command has taken over; whatever there is to do now is its to do."""


def held(lock: Lock | None) -> FleetError:
    """The refusal that says who holds a lock."""
    lock = lock or Lock("")
    what = "rolled back" if lock.kind == "rollback" else "released"
    return FleetError(
        f"{lock.function} is being {what} by {lock.holder} since {lock.since}",
        "wait for it (--wait SECONDS), or stop it with `fleet rollback`",
        ExitCode.REFUSED,
    )


def lost(function: str) -> LostError:
    """The error of a command whose lock another one has taken."""
    return LostError(
        f"another command took over {function}: nothing more was changed here",
        "`fleet history` says who it was and what became of it",
        ExitCode.REFUSED,
    )


def unknown(function: str, error: Exception) -> FleetError:
    """The error of a command that cannot tell whether its lock is still its own."""
    return FleetError(
        f"the history table does not say who may change {function} now: {error}",
        "look at `fleet status` once it answers; `fleet resume` goes on from there",
        ExitCode.NEEDS_PERSON,
    )


def no_table(environment: Environment) -> FleetError:
    """The error of an environment without its table."""
    return FleetError(
        f"the history table {environment.history_table} does not exist",
        f"run `make bootstrap ENV={environment.name}`: Terraform makes it",
    )


def _may_preempt(kind: Kind, seen: Lock | None) -> bool:
    """A rollback takes over from a release: traffic is to be safe at once."""
    return kind == "rollback" and seen is not None and seen.kind == "deploy"


def _is_dead(process: str) -> bool:
    """Whether a process was of this machine, and is gone; never when that is unknown."""
    boot, _, rest = process.partition("/")
    host, _, rest = rest.partition("/")
    if not boot or boot != _boot() or host != socket.gethostname():
        return False
    pid, _, started = rest.partition("/")
    return _started(int(pid)) != started


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks: numbers of processes come again."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
