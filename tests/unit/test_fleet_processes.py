"""Background processes: started once, found again, stopped."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet.errors import FleetError
from fleet.stack import forward
from fleet.stack.processes import Daemon, answers

from tests.kit.services import free_port

SERVER = "import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(600)"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    port = free_port()
    made = Daemon("thing", [sys.executable, "-c", SERVER.format(port=port)], port, tmp_path)
    yield made
    made.stop()


def test_it_is_started_once_and_found_by_the_next_command(daemon: Daemon) -> None:
    assert daemon.start() is True
    assert answers("127.0.0.1", daemon.port)
    again = Daemon(daemon.name, daemon.command, daemon.port, daemon.folder)
    assert again.start() is False
    assert again.pid() == daemon.pid()


def test_stopping_ends_it_and_a_second_stop_finds_nothing(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.stop() is True
    assert not answers("127.0.0.1", daemon.port)
    assert daemon.stop() is False


def test_one_that_ignores_a_kind_word_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.stack.processes._STOP_SECONDS", 0.3)
    port = free_port()
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVER.format(
        port=port
    )
    daemon = Daemon("deaf", [sys.executable, "-c", deaf], port, tmp_path)
    daemon.start()
    assert daemon.stop() is True
    assert not answers("127.0.0.1", port)


def test_another_process_with_its_old_id_is_left_alone(daemon: Daemon) -> None:
    record = daemon.folder / "thing.json"
    record.write_text(f'{{"pid": {os.getpid()}, "started": "long ago"}}')
    assert daemon.pid() is None
    assert daemon.stop() is False


def test_one_that_dies_at_once_is_explained_with_its_last_words(tmp_path: Path) -> None:
    daemon = Daemon(
        "dead", [sys.executable, "-c", "raise SystemExit('no luck')"], free_port(), tmp_path
    )
    with pytest.raises(FleetError, match="no luck") as error:
        daemon.start()
    assert "dead.log" in error.value.todo


def test_a_port_that_another_program_has_is_named(daemon: Daemon) -> None:
    with (
        socket.create_server(("127.0.0.1", daemon.port)),
        pytest.raises(FleetError, match=f"port {daemon.port} on 127.0.0.1"),
    ):
        daemon.start()


def test_bytes_are_forwarded_both_ways_and_a_dead_end_is_closed() -> None:
    port = free_port()
    listening = threading.Event()

    async def serve() -> None:
        task = asyncio.create_task(forward.forward("127.0.0.2", [port]))
        await asyncio.sleep(0.1)
        listening.set()
        await asyncio.sleep(1.5)
        task.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert listening.wait(5)
    with socket.create_connection(("127.0.0.2", port), timeout=5) as nobody:
        assert nobody.recv(1) == b""
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        socket.create_connection(("127.0.0.2", port), timeout=5) as client,
    ):
        client.sendall(b"ping")
        there, _ = server.accept()
        with there:
            assert there.recv(4) == b"ping"
            there.sendall(b"pong")
            assert client.recv(4) == b"pong"
    thread.join()
