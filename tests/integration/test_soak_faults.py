"""What a soak does to the network of functions: it is felt there, and it ends with the fault."""

from __future__ import annotations

import http.server
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from fleet.images.bake import base_images
from fleet.project import Project

from tests.kit.images import docker
from tests.kit.program import ROOT
from tests.soak.faults import bridge, delaying, losing

pytestmark = pytest.mark.engine
BYTES = 200_000
AT_LEAST = BYTES * 8 / 1_000_000 * 0.9  # seconds, over a link of one megabit a second
FETCH = """
import sys, time, urllib.request
began = time.monotonic()
try:
    read = len(urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])).read())
except OSError:
    read = 0
print(read, time.monotonic() - began)
"""


class Answer(http.server.BaseHTTPRequestHandler):
    """So many bytes, and not a word about it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(bytes(BYTES))

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Network:
    """A network of functions, and what this machine answers to it."""

    name: str
    url: str

    def fetch(self, patience: float = 30) -> tuple[int, float]:
        """From a container: how many bytes came, in how many seconds."""
        base = base_images(Project(ROOT))["BASE_IMAGE"]
        container = ("run", "--rm", "--network", self.name, base, "python3", "-c")
        read, seconds = docker(*container, FETCH, self.url, str(patience)).split()
        return int(read), float(seconds)


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    name = f"soak-{uuid.uuid4().hex[:8]}"
    docker("network", "create", name)
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    address = docker("network", "inspect", "--format", gateway, name).strip()
    server = http.server.ThreadingHTTPServer((address, 0), Answer)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield Network(name, f"http://{address}:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()
        docker("network", "rm", name)


def test_packets_that_are_delayed_come_late_and_all_of_them(network: Network) -> None:
    with delaying(bridge(network.name)):
        read, seconds = network.fetch()
    assert read == BYTES
    assert seconds > AT_LEAST


def test_packets_that_are_lost_do_not_come(network: Network) -> None:
    with losing(bridge(network.name), share=1.0):
        read, _ = network.fetch(patience=1.0)
    assert read == 0


@pytest.mark.parametrize("fault", [delaying, lambda interface: losing(interface, 1.0)])
def test_afterwards_the_network_is_as_it_was(
    network: Network, fault: Callable[[str], AbstractContextManager[None]]
) -> None:
    interface = bridge(network.name)
    before = state_of(interface)
    with fault(interface):
        assert state_of(interface) != before
    assert state_of(interface) == before


def state_of(interface: str) -> str:
    """What holds up or drops the packets of an interface."""
    asked = (["tc", "qdisc", "show", "dev", interface], ["iptables", "-S", "INPUT"])
    told = [subprocess.run(words, check=True, capture_output=True, text=True) for words in asked]
    return "".join(one.stdout for one in told)
