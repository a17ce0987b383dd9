"""The months of the audit against a real PostgreSQL: made ahead, dropped late, nothing lost."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from db_migrate import partitions
from db_migrate.partitions import Month
from function_kit.postgres import Postgres

from tests.kit.database_server import Server, admin_logins, database_server

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
INSERT = """
    INSERT INTO lambda_invocations (id, invoked_at, client_id, function_name, invocation_type,
        alias, version, status_code, function_error, executed_version, request_id, success,
        error_message, completed_at)
    VALUES (%s, %s, 'c', 'f', 'Event', '', '', 202, '', '', '', true, '', now())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with database_server() as server:
        yield server


@pytest.fixture
def postgres(server: Server) -> Iterator[Postgres]:
    postgres = Postgres(admin_logins(server), sslmode="require", statement_timeout=30)
    yield postgres
    postgres.close()
    with server.admin() as admin:
        for month in months(server):
            admin.execute(f"DROP TABLE lambda_invocations_{month}".encode())
        admin.execute("TRUNCATE lambda_invocations")


def months(server: Server) -> list[str]:
    """The months that have a partition."""
    with server.admin() as admin:
        rows = admin.execute(
            "SELECT right(c.relname, 6) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'lambda_invocations'::regclass AND c.relname ~ '[0-9]{6}$'"
            " ORDER BY 1"
        )
        return [name for (name,) in rows]


def add(connection: psycopg.Connection[Any], moment: str) -> None:
    connection.execute(INSERT, [uuid.uuid4(), moment])


def where(server: Server) -> dict[str, int]:
    """How many rows each partition has."""
    with server.admin() as admin:
        rows = admin.execute(
            "SELECT tableoid::regclass::text, count(*) FROM lambda_invocations GROUP BY 1"
        )
        return dict(rows.fetchall())


def test_this_month_and_two_more_are_made_once(server: Server, postgres: Postgres) -> None:
    made = partitions.maintain(postgres, NOW, 13, 5)
    assert made == {
        "created": [f"lambda_invocations_{m}" for m in ("202611", "202612", "202701")],
        "dropped": [],
    }
    assert partitions.maintain(postgres, NOW, 13, 5) == {"created": [], "dropped": []}
    assert months(server) == ["202611", "202612", "202701"]


def test_a_month_is_dropped_when_all_of_it_is_too_old(server: Server, postgres: Postgres) -> None:
    partitions.maintain(postgres, datetime(2025, 10, 31, 23, 59, tzinfo=UTC), 13, 5)
    with server.admin() as admin:
        add(admin, "2025-10-31T23:59:59Z")
        add(admin, "2025-11-01T00:00:00Z")
    answer = partitions.maintain(postgres, NOW, 12, 5)
    assert answer["dropped"] == ["lambda_invocations_202510"]
    assert where(server) == {"lambda_invocations_202511": 1}


def test_rows_that_came_too_early_move_to_their_month(server: Server, postgres: Postgres) -> None:
    with server.admin() as admin:
        for moment in ("2026-11-30T23:59:59.9Z", "2026-12-01T00:00:00Z", "2027-06-15T00:00:00Z"):
            add(admin, moment)
    assert where(server) == {"lambda_invocations_default": 3}
    answer = partitions.maintain(postgres, NOW, 13, 5)
    assert "lambda_invocations_202706" in answer["created"]
    assert where(server) == {
        "lambda_invocations_202611": 1,
        "lambda_invocations_202612": 1,
        "lambda_invocations_202706": 1,
    }


def test_the_gateway_may_add_to_months_that_are_made_later(
    server: Server, postgres: Postgres
) -> None:
    partitions.maintain(postgres, NOW, 13, 5)
    with server.admin() as admin:
        admin.execute("SET ROLE fleet_gateway")
        add(admin, "2026-12-05T00:00:00Z")
        for refused in (
            "SELECT * FROM lambda_invocations",
            "DELETE FROM lambda_invocations_202612",
            "UPDATE lambda_invocations SET success = false",
            "DELETE FROM gateway_clients",
            "SELECT * FROM ppu_treatments",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute(refused.encode())


def test_functions_see_nothing_of_the_gateway(server: Server) -> None:
    with server.admin() as admin:
        admin.execute("SET ROLE fleet_app")
        for refused in (b"SELECT * FROM lambda_invocations", b"SELECT * FROM gateway_clients"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute(refused)


def test_a_table_in_use_changes_nothing_and_is_said(server: Server, postgres: Postgres) -> None:
    with server.admin() as reader, reader.transaction():
        reader.execute("LOCK TABLE lambda_invocations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(partitions.PartitionInUse, match="lock timeout"):
            partitions.maintain(postgres, NOW, 13, 0.2)
    assert months(server) == []


def test_writers_go_on_while_months_are_made(server: Server, postgres: Postgres) -> None:
    stop = threading.Event()
    failed: list[Exception] = []
    written = [0]

    def write() -> None:
        with server.admin() as admin:
            while not stop.is_set():
                try:
                    add(admin, f"2026-{10 + written[0] % 3}-01T00:00:00Z")
                except psycopg.Error as error:
                    failed.append(error)
                    return
                written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    for month in (9, 10, 11, 12):
        before = written[0]
        partitions.maintain(postgres, datetime(2026, month, 1, tzinfo=UTC), 13, 5)
        while written[0] == before and writer.is_alive():
            pass
    stop.set()
    writer.join()
    assert failed == []
    assert sum(where(server).values()) == written[0] > 0
    assert "lambda_invocations_default" not in where(server)


def test_without_the_table_the_migrations_are_asked_for(server: Server) -> None:
    with server.admin() as admin:
        admin.execute("ALTER TABLE lambda_invocations RENAME TO elsewhere")
        postgres = Postgres(admin_logins(server), sslmode="require")
        try:
            with pytest.raises(partitions.AuditMissing, match="migrations"):
                partitions.maintain(postgres, NOW, 13, 5)
        finally:
            postgres.close()
            admin.execute("ALTER TABLE elsewhere RENAME TO lambda_invocations")


@pytest.mark.parametrize(
    ("months", "there"),
    [(1, Month(2026, 12)), (2, Month(2027, 1)), (-11, Month(2025, 12)), (-23, Month(2024, 12))],
)
def test_months_are_counted_over_years(months: int, there: Month) -> None:
    assert Month(2026, 11).plus(months) == there
