"""Background processes of the local stack, which outlive the command that starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from fleet.errors import FleetError

_STOP_SECONDS = 10.0
_LOG_LINES = 20


@dataclass(frozen=True)
class Daemon:
    """A background process: what to run, where it listens, where it writes.

    Attributes:
        name: names its files, and it in messages.
        port: the loopback port that it listens on.
        folder: holds its log and its process id.
    """

    name: str
    command: list[str]
    port: int
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.name}.json"

    def pid(self) -> int | None:
        """Its process id while it runs."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            pid = int(record["pid"])
        except (OSError, ValueError, KeyError):
            return None
        # A process id is used again by the system; the start time tells the two apart.
        return pid if _started_at(pid) == record["started"] else None

    def start(self, wait_seconds: float = 60) -> bool:
        """Start it unless it runs, and wait until its port answers.

        Returns:
            Whether it had to be started.
        """
        if self.pid() is not None:
            return False
        if answers(self.host, self.port):
            raise FleetError(
                f"port {self.port} on {self.host}, which {self.name} needs, "
                f"is used by another program",
                f"stop that program (`ss -ltnp 'sport = :{self.port}'` names it), then try again",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                self.command,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
            )
        record = {"pid": child.pid, "started": _started_at(child.pid)}
        self._record.write_text(json.dumps(record), encoding="utf-8")
        self._wait(child, wait_seconds)
        child.returncode = 0  # it outlives this program on purpose: nobody will wait for it
        return True

    def _wait(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and child.poll() is None:
            if answers(self.host, self.port):
                return
            time.sleep(0.05)
        end = "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        raise FleetError(f"{self.name} did not start:\n{end}", f"see {self.log}")

    def stop(self) -> bool:
        """Stop it, kindly first; return whether it ran."""
        pid = self.pid()
        self._record.unlink(missing_ok=True)
        if pid is None:
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal(pid, number)
            if _ended(pid, _STOP_SECONDS):
                break
        return True


def answers(host: str, port: int) -> bool:
    """Whether something listens on a port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    # The whole session: a server's workers end with it.
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _ended(pid: int, seconds: float) -> bool:
    """Wait for a process to end."""
    deadline = time.monotonic() + seconds
    while _started_at(pid) is not None and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.05)
    return _started_at(pid) is None


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _started_at(pid: int) -> str | None:
    """When a process started, in the system's own clock; None when it does not run."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None
