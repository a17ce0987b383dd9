"""What goes wrong during a soak, and when: drawn from a seed, and printed before it begins."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fleet.commands.options import Workplace
from fleet.docker import docker
from fleet.errors import FleetError
from fleet.stack.processes import Daemon

CALM = 20.0  # seconds at the beginning and the end in which nothing breaks

# Seconds between two of a kind, on the average; and for how long one lasts, at least and at most.
KINDS: dict[str, tuple[float, tuple[float, float]]] = {
    "container killed": (12, (0, 0)),
    "PostgreSQL restarted": (150, (0, 0)),
    "PostgreSQL paused": (120, (2, 6)),
    "local AWS paused": (90, (2, 8)),
    "packets lost": (60, (5, 15)),
    "packets delayed": (75, (5, 15)),
}
LOSS = 0.03  # of the packets between functions and everything that is not in their network
# A link this narrow holds a full packet up for 12 ms, and those behind it for as long again; what
# would wait longer than a second is dropped. (netem, made for this, is not in every kernel.)
NARROW = ("tbf", "rate", "1mbit", "burst", "3000", "latency", "1s")


@dataclass(frozen=True)
class Event:
    """One thing that goes wrong: seconds after the beginning, and for how many."""

    at: float
    kind: str
    lasts: float

    def __str__(self) -> str:
        lasts = f" for {self.lasts:.0f} s" if self.lasts else ""
        return f"{self.at / 60:6.1f} min  {self.kind}{lasts}"


def schedule(seed: int, seconds: float) -> list[Event]:
    """Everything that will go wrong: the same for the same seed; each kind at least once."""
    chosen = random.Random(seed)
    end = max(CALM + 1, seconds - CALM)
    found = []
    for kind, (every, (least, most)) in KINDS.items():
        at = CALM + chosen.random() * min(every, end - CALM)
        while at < end:
            found.append(Event(at, kind, chosen.uniform(least, most)))
            at += chosen.expovariate(1 / every)
    return sorted(found, key=lambda event: event.at)


class Faults:
    """Breaks things of one local stack, and mends them.

    Attributes:
        happened: How often each kind did.
        impossible: What this machine cannot do, and why.
    """

    def __init__(self, place: Workplace, seed: int) -> None:
        self.place = place
        self.happened: Counter[str] = Counter()
        self.impossible: dict[str, str] = {}
        self._chosen = random.Random(f"{seed}:victims")
        self._kinds: dict[str, Callable[[Event], None]] = {
            "container killed": self._kill,
            "PostgreSQL restarted": self._restart,
            "PostgreSQL paused": self._pause_database,
            "local AWS paused": self._pause_aws,
            "packets lost": self._lose_packets,
            "packets delayed": self._delay_packets,
        }

    def run(self, events: list[Event], began: float, stop: threading.Event) -> None:
        """Let everything happen, each at its time.

        A fault that lasts holds up the next: two at once are those that cannot be told apart.
        """
        for event in events:
            if stop.wait(max(0.0, began + event.at - time.monotonic())):
                return
            try:
                self._kinds[event.kind](event)
            except (FleetError, OSError, subprocess.SubprocessError) as error:
                self.impossible[event.kind] = str(error)
            else:
                self.happened[event.kind] += 1

    def _kill(self, _: Event) -> None:
        network = f"network={self.place.environment.network}"
        listed = docker("ps", "--filter", network, "--format", "{{.ID}} {{.Names}}")
        postgres = self.place.stack.postgres.name
        found = [key for key, name in map(str.split, listed.splitlines()) if name != postgres]
        if found:
            # It may have ended by itself meanwhile.
            victim = self._chosen.choice(found)
            subprocess.run(["docker", "kill", victim], capture_output=True, check=False)

    def _restart(self, _: Event) -> None:
        docker("restart", "--time", "1", self.place.stack.postgres.name)

    def _pause_database(self, event: Event) -> None:
        name = self.place.stack.postgres.name
        docker("pause", name)
        try:
            time.sleep(event.lasts)
        finally:
            docker("unpause", name)

    def _pause_aws(self, event: Event) -> None:
        pid = aws(self.place).pid()
        if pid is None:
            raise FleetError("the local AWS does not run", "fleet up")
        os.killpg(pid, signal.SIGSTOP)
        try:
            time.sleep(event.lasts)
        finally:
            os.killpg(pid, signal.SIGCONT)

    def _lose_packets(self, event: Event) -> None:
        with losing(bridge(self.place.environment.network), LOSS):
            time.sleep(event.lasts)

    def _delay_packets(self, event: Event) -> None:
        with delaying(bridge(self.place.environment.network)):
            time.sleep(event.lasts)


def aws(place: Workplace) -> Daemon:
    """The local AWS's process, by the stack's record of it."""
    return Daemon("local-aws", [], 0, place.stack.folder)


def bridge(network: str) -> str:
    """The network's interface on this machine."""
    return f"br-{docker('network', 'inspect', '--format', '{{.Id}}', network)[:12]}"


@contextmanager
def losing(interface: str, share: float) -> Iterator[None]:
    """Lose some of the packets that come in from a network: what is sent again comes late.

    Raises:
        CalledProcessError: This machine's iptables cannot, or may not.
    """
    rule: list[Any] = [
        "INPUT", "-i", interface, "-m", "statistic", "--mode", "random",
        "--probability", str(share), "-j", "DROP",
    ]  # fmt: skip
    subprocess.run(["iptables", "-I", *rule], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["iptables", "-D", *rule], check=True, capture_output=True)


@contextmanager
def delaying(interface: str) -> Iterator[None]:
    """Hold up what this machine answers to a network: packets leave by a narrow link.

    Raises:
        CalledProcessError: This machine's tc cannot, or may not.
    """
    link = ["dev", interface, "root"]
    subprocess.run(["tc", "qdisc", "add", *link, *NARROW], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["tc", "qdisc", "del", *link], check=True, capture_output=True)
