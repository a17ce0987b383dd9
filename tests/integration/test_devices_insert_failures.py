"""A database that is killed, frozen, full, read-only or crowded: nothing acknowledged is lost,
nothing is stored twice, and nobody has to deploy anything for it to work again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

import pytest

from tests.kit.database_server import Server, database_server
from tests.kit.insert import BUCKET, SECONDS, Answer, Function

CONNECTIONS = 20
FILE = 60_000


def record(number: int) -> dict[str, Any]:
    data = {"timestamp": "2026-01-05T09:00:00Z", "n": number, "notes": "x" * 150}
    return {"patient_id": f"patient-{number}", "treatment_data": data}


@pytest.fixture(scope="module")
def failing(treatments_surroundings: Any) -> Iterator[Function]:
    with database_server(f"max_connections={CONNECTIONS}") as server:
        function = Function(server, treatments_surroundings)
        yield function
        function.close()


@pytest.fixture
def function(failing: Function) -> Function:
    failing.server.empty()
    return failing


@pytest.fixture
def server(function: Function) -> Iterator[Server]:
    yield function.server
    function.server.wait()  # whatever the test did to it, the next finds it well


@pytest.fixture(scope="module")
def file(treatments_surroundings: Any) -> dict[str, Any]:
    lines = b"".join(json.dumps(record(n)).encode() + b"\n" for n in range(FILE))
    treatments_surroundings.put_object(Bucket=BUCKET, Key="treatments/large", Body=lines)
    return {"object": {"key": "treatments/large"}}


def refused(answer: Answer) -> bool:
    """Whether it is the one clear answer for a database that is away, in time."""
    if answer.status == 200:
        return False
    assert answer.status == 503
    assert answer.body["error"]["code"] == "database_unavailable"
    assert answer.body["error"]["message"].startswith("The database is not available")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.seconds < SECONDS
    return True


def until_stored(function: Function, event: Any, settings: Any = None, seconds: float = 120) -> int:
    """Send it until it is stored, as a client would; how often it was refused."""
    end = time.monotonic() + seconds
    refusals = 0
    while refused(answer := function(event, settings)):
        refusals += 1
        assert time.monotonic() < end
        time.sleep(int(answer.headers["retry-after"]))  # as it was told
    return refusals


def copying(server: Server) -> None:
    """Return when rows are being copied into the table."""
    query = "SELECT FROM pg_stat_progress_copy WHERE tuples_processed > 1000"
    with server.admin() as admin:
        while admin.execute(query).fetchone() is None:
            pass


class Writing:
    """A client that stores one treatment after the other, and remembers what was acknowledged."""

    def __init__(self, function: Function) -> None:
        self.acknowledged: list[str] = []
        self.refusals = 0
        self._function = function
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        environment = self._function.fresh()
        number = 1_000_000
        while not self._over.is_set():
            answer = self._function(record(number), environment)
            if refused(answer):
                self.refusals += 1  # and sent again
            else:
                self.acknowledged.append(answer.body["record_id"])
                number += 1
        self._function.end(environment)


@pytest.mark.parametrize("on_error", ["reject_all", "skip_invalid"])
def test_killed_in_the_middle_of_a_batch(
    function: Function, server: Server, file: dict[str, Any], on_error: str
) -> None:
    answers: list[Answer] = []
    event = {**file, "on_error": on_error}
    batch = threading.Thread(target=lambda: answers.append(function(event)))
    with Writing(function) as writing:
        while len(writing.acknowledged) < 5:
            pass
        batch.start()
        copying(server)
        server.kill()
        batch.join()
        assert refused(answers[0])
        while not writing.refusals:
            pass
        before = len(writing.acknowledged)
        server.start()
        while len(writing.acknowledged) < before + 5:
            pass
    rows = server.rows()
    assert set(writing.acknowledged) <= set(rows)
    of_file = len(rows) - sum(n.startswith("patient-1000") for n in rows.values())
    if on_error == "reject_all":
        assert of_file == 0
    until_stored(function, event)
    rows = server.rows()
    assert set(writing.acknowledged) <= set(rows)
    patients = {f"patient-{n}" for n in range(FILE)}
    assert sum(patient in patients for patient in rows.values()) == FILE


def test_restarted_between_two_calls_nobody_notices(function: Function, server: Server) -> None:
    assert not refused(function(record(1)))
    server.docker("restart")
    server.wait()
    assert not refused(function(record(2)))
    assert not refused(function({"records": [record(n) for n in range(5)]}))
    assert len(server.rows()) == 5


def test_cut_off_in_the_middle_it_is_done_again(function: Function, server: Server) -> None:
    """A failover that is over when the connection breaks is not even seen."""
    lines = b"".join(json.dumps(record(n)).encode() + b"\n" for n in range(20_000))
    function.s3.put_object(Bucket=BUCKET, Key="treatments/medium", Body=lines)
    answers: list[Answer] = []
    event = {"object": {"key": "treatments/medium"}}
    batch = threading.Thread(target=lambda: answers.append(function(event)))
    batch.start()
    copying(server)
    with server.admin() as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy")
    batch.join()
    assert not refused(answers[0])
    assert answers[0].body["inserted"] == len(server.rows()) == 20_000


def test_away_it_says_so_at_once(function: Function, server: Server) -> None:
    assert not refused(function(record(1)))
    server.kill()
    try:
        for event in (record(2), {"records": [record(3)]}):
            answer = function(event)
            assert refused(answer)
            assert answer.seconds < 1.5
    finally:
        server.start()
    assert not refused(function(record(2)))


def test_frozen_it_says_so_in_time(function: Function, server: Server) -> None:
    """With an open connection, and with one to be opened."""
    assert not refused(function(record(1)))
    with server.frozen():
        began = time.monotonic()
        assert refused(function(record(2)))
        assert refused(function(record(3), function.fresh()))
        assert time.monotonic() - began < SECONDS
    until_stored(function, record(2))
    assert set(server.rows().values()) >= {"patient-1", "patient-2"}


def test_frozen_in_the_middle_of_a_batch_it_says_so_in_time(
    function: Function, server: Server, file: dict[str, Any]
) -> None:
    answers: list[Answer] = []
    batch = threading.Thread(target=lambda: answers.append(function(file)))
    batch.start()
    copying(server)
    with server.frozen():
        batch.join()
    assert refused(answers[0])
    until_stored(function, file)
    assert len(server.rows()) == FILE


def test_a_row_that_somebody_else_holds_is_not_waited_for_without_end(
    function: Function, server: Server
) -> None:
    stored = function(record(1)).body["record_id"]
    server.empty()
    with server.admin() as admin, admin.transaction():
        admin.execute("INSERT INTO ppu_treatments VALUES (%s, 'p', '{}', now(), 'local')", [stored])
        assert refused(function(record(1)))
    assert function(record(1)).body["record_id"] == stored


def test_read_only_it_refuses_and_recovers(function: Function, server: Server) -> None:
    assert not refused(function(record(1)))
    server.setting("default_transaction_read_only", "on")
    try:
        while not refused(function(record(1))):
            pass  # connections hear of it one by one
        for event in (record(2), {"records": [record(3)]}):
            assert refused(function(event))
    finally:
        server.setting("default_transaction_read_only", "off")
    until_stored(function, record(2))
    assert len(server.rows()) == 2


@pytest.fixture
def small_disk(treatments_surroundings: Any) -> Iterator[Function]:
    """The table has 40 MB, most of which something else takes."""
    with database_server(options=("--tmpfs", "/small:size=40m,mode=1777")) as server:
        server.docker_exec("chown", "postgres", "/small")
        with server.admin() as admin:
            admin.execute("CREATE TABLESPACE small LOCATION '/small'")
            admin.execute("ALTER TABLE ppu_treatments SET TABLESPACE small")
            admin.execute("CREATE TABLE other (junk text STORAGE PLAIN) TABLESPACE small")
            admin.execute(
                "INSERT INTO other SELECT repeat('x', 7900) FROM generate_series(1, 3200)"
            )
        function = Function(server, treatments_surroundings)
        yield function
        function.close()


def test_full_it_refuses_and_recovers_when_there_is_room(
    small_disk: Function, file: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    function, server = small_disk, small_disk.server
    acknowledged = [function(record(n)).body["record_id"] for n in range(5)]
    assert refused(function(file))
    assert "No space left on device" in capsys.readouterr().out
    assert set(server.rows()) == set(acknowledged)

    # Filled up by what is stored as it goes.
    for number in range(1000, 100_000, 2000):
        answer = function({"records": [record(n) for n in range(number, number + 2000)]})
        if refused(answer):
            break
        acknowledged += answer.body["record_ids"]
    else:
        pytest.fail("the disk was never full")
    assert set(server.rows()) == set(acknowledged)

    with server.admin() as admin:
        admin.execute("DROP TABLE other")
        admin.execute("CHECKPOINT")
        admin.execute("VACUUM ppu_treatments")
    until_stored(function, {"records": [record(n) for n in range(number, number + 2000)]})
    until_stored(function, file)
    rows = server.rows()
    assert set(acknowledged) <= set(rows)
    assert set(rows.values()) >= {f"patient-{n}" for n in range(FILE)}


def test_crowded_each_of_200_is_stored_once_or_told_to_come_again(
    function: Function, server: Server
) -> None:
    function.close()
    refusals: list[int] = []
    problems: list[BaseException] = []
    gate = threading.Barrier(200)

    def environment(number: int) -> None:
        settings = function.fresh()
        try:
            gate.wait()
            events: list[Any] = [record(number), {"records": [record(number), record(-number)]}]
            refusals.append(sum(until_stored(function, event, settings) for event in events))
        except BaseException as problem:  # noqa: BLE001 - the test's own thread raises it
            problems.append(problem)
        # It stays, as Lambda's do: its connection is the server's to take back.

    threads = [threading.Thread(target=environment, args=[n]) for n in range(1, 201)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(refusals) == 200
    assert sum(refusals) > 0  # or it was no crowd
    expected = {f"patient-{sign * n}" for n in range(1, 201) for sign in (1, -1)}
    assert sorted(server.rows().values()) == sorted(expected)
    until_stored(function, record(777))
