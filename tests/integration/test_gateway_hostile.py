"""The invoke gateway among clients that hang, cut, flood and never read, and when it is stopped."""

from __future__ import annotations

import json
import signal
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from tests.kit.database_server import Server, database_server
from tests.kit.gateway_contract import MESSAGES, ContractClient
from tests.kit.invoke_gateway import Running, add_client, audited, gateway

ECHO = "waddlebot-echo"
BODY = json.dumps({"function_name": ECHO, "payload": "{}"})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        add_client(server)
        yield server


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[Running]:
    with gateway(server) as running:
        yield running


@pytest.fixture(scope="module")
def token(running: Running) -> str:
    return running.token()


def connected(running: Running) -> socket.socket:
    address = urlsplit(running.rest)
    made = socket.create_connection((address.hostname, address.port))
    made.settimeout(10)
    return made


def request(token: str, body: str = BODY, length: int | None = None) -> bytes:
    return (
        f"POST /api/v1/invoke HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n{body}"
    ).encode()


def hang_before_a_header(sock: socket.socket, _: str) -> None:
    sock.sendall(b"POST /api/v1/inv")


def hang_in_a_body(sock: socket.socket, token: str) -> None:
    sock.sendall(request(token, body='{"function', length=1000))


def half_close(sock: socket.socket, token: str) -> None:
    sock.sendall(request(token))
    sock.shutdown(socket.SHUT_WR)


def never_read(sock: socket.socket, token: str) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    large = json.dumps({"function_name": ECHO, "payload": "x" * 200_000})
    sock.sendall(request(token, large))


def send_nonsense(sock: socket.socket, _: str) -> None:
    sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00" * 20)


def speak_http2(sock: socket.socket, _: str) -> None:
    sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))


HOSTILE: tuple[Callable[[socket.socket, str], None], ...] = (
    hang_before_a_header,
    hang_in_a_body,
    half_close,
    never_read,
    send_nonsense,
    speak_http2,
)


def answers(running: Running, token: str, count: int = 40) -> list[float]:
    """Seconds of good requests, one after the other."""
    found = []
    with running.http(token) as http:
        for _ in range(count):
            started = time.perf_counter()
            answer = http.post("/api/v1/invoke", content=BODY)
            found.append(time.perf_counter() - started)
            assert answer.status_code == 200
    return found


@pytest.mark.parametrize("behave", HOSTILE, ids=lambda found: found.__name__)
def test_sixty_of_them_hurt_nobody_else(
    running: Running, token: str, behave: Callable[[socket.socket, str], None]
) -> None:
    with ExitStack() as stack:
        for _ in range(60):
            behave(stack.enter_context(connected(running)), token)
        # Each good request is answered, though sixty connections hold what they can.
        found = answers(running, token)
    assert statistics.median(found) < 1
    # And no place is lost when they go.
    deadline = time.monotonic() + 10
    while httpx.get(f"{running.rest}/health").json()["config"]["under_way"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_hundred_megabytes_are_refused_before_they_are_read(running: Running, token: str) -> None:
    piece = b"x" * 65536
    sent = 0
    with connected(running) as sock:
        sock.sendall(request(token, body="", length=100_000_000))
        try:
            for _ in range(100_000_000 // len(piece)):
                sent += sock.send(piece)
        except (ConnectionError, TimeoutError):
            pass
        else:
            assert sock.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert memory(running) < 400
    assert answers(running, token, 5)


def test_a_hundred_megabytes_by_grpc_too(running: Running, token: str) -> None:
    with ContractClient(running.grpc) as client, pytest.raises(grpc.RpcError) as refused:
        client.call("InvokeFunction", function_name=ECHO, payload="x" * 100_000_000, token=token)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert memory(running) < 400


def memory(running: Running) -> float:
    """MB that the gateway's processes hold."""
    first = running.process.pid
    total = 0.0
    for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        total += int(status.get("VmRSS", "0 kB").split()[0]) / 1024
    return total


def test_too_many_at_once_are_told_at_once_and_the_others_are_served(server: Server) -> None:
    """Four times the limit: what has a place is as quick as ever, what has none waits for none."""
    limit = 20
    name = "waddlebot-sleep-300"
    with gateway(server, MAX_CONCURRENT_REQUESTS=str(limit)) as running:
        token = running.token()
        statuses: Counter[int] = Counter()
        took: dict[int, list[float]] = {200: [], 429: []}
        end = time.monotonic() + 4

        def flood(_: int) -> None:
            with running.http(token) as http:
                while time.monotonic() < end:
                    started = time.perf_counter()
                    answer = http.post("/api/v1/invoke", json={"function_name": name})
                    seconds = time.perf_counter() - started
                    statuses[answer.status_code] += 1
                    took[answer.status_code].append(seconds)
                    if answer.status_code == 429:
                        assert int(answer.headers["retry-after"]) >= 1
                        time.sleep(0.1)

        with ThreadPoolExecutor(4 * limit) as pool:
            list(pool.map(flood, range(4 * limit)))
        assert set(statuses) == {200, 429}
        # Each place was used twice at least, on however busy a machine.
        assert statuses[200] >= 2 * limit
        assert statistics.median(took[429]) < statistics.median(took[200]) / 2
        with ContractClient(running.grpc) as client, ThreadPoolExecutor(4 * limit) as pool:
            codes = Counter(pool.map(lambda _: code(client, name, token), range(4 * limit)))
        assert codes["OK"] >= limit
        assert codes["RESOURCE_EXHAUSTED"] >= 1
        assert set(codes) == {"OK", "RESOURCE_EXHAUSTED"}


def code(client: ContractClient, name: str, token: str) -> str:
    try:
        client.call("InvokeFunction", function_name=name, token=token)
    except grpc.RpcError as error:
        trailing = dict(error.trailing_metadata() or ())
        assert int(trailing["retry-after"]) >= 1
        return str(error.code().name)
    return "OK"


def test_what_is_under_way_is_finished_when_it_is_stopped(server: Server) -> None:
    with gateway(server) as running:
        token = running.token()
        name = "waddlebot-sleep-1500"
        done: list[bool] = []

        def slow() -> None:
            with running.http(token) as http:
                wanted = {"function_name": name, "payload": '"last"'}
                done.append(http.post("/api/v1/invoke", json=wanted).json()["success"])

        with ContractClient(running.grpc) as client:
            future = client.unary("InvokeFunction").future(
                MESSAGES["InvokeFunctionRequest"](function_name=name, token=token)
            )
            thread = threading.Thread(target=slow)
            thread.start()
            deadline = time.monotonic() + 10
            while running.invoked().get(name, 0) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            running.process.send_signal(signal.SIGTERM)
            assert future.result().success
            thread.join()
        assert done == [True]
        assert running.process.wait(20) == 0
        assert audited(server)[-1]["payload"] in {'"last"', ""}
