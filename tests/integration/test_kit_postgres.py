"""The connection to PostgreSQL, against a real server that is cut, frozen and taken away."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from function_kit import redaction
from function_kit.deadline import Deadline
from function_kit.postgres import DatabaseUnavailable, Login, Logins, Postgres
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "correct horse battery staple"


class Rotating:
    """Logins whose password the test changes; remembers how often it was asked."""

    def __init__(self, login: Login, *passwords: str) -> None:
        self.login = login
        self.passwords = list(passwords)
        self.asked: list[str] = []

    def get(self) -> Login:
        self.asked.append("get")
        return self.login._replace(password=self.passwords[0])

    def refresh(self) -> Login:
        self.asked.append("refresh")
        self.passwords = self.passwords[1:] or self.passwords
        return self.login._replace(password=self.passwords[0])


@pytest.fixture
def admin(postgres_dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def role(admin: psycopg.Connection) -> Iterator[str]:
    """A role of the test's own, with a table that is gone with it."""
    name = f"app_{uuid.uuid4().hex[:8]}"
    identifier = sql.Identifier(name)
    database = sql.Identifier(admin.info.dbname)
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(identifier, PASSWORD))
    admin.execute(sql.SQL("CREATE SCHEMA {0} AUTHORIZATION {0}").format(identifier))
    yield name
    admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", [name]
    )
    admin.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(identifier))
    admin.execute(
        sql.SQL(
            "ALTER DATABASE {} WITH CONNECTION LIMIT -1; DROP OWNED BY {}; DROP ROLE {}"
        ).format(database, identifier, identifier)
    )


def login(admin: psycopg.Connection, role: str) -> Login:
    return Login(admin.info.host, admin.info.port, admin.info.dbname, role, PASSWORD)


@contextlib.contextmanager
def opened(
    admin: psycopg.Connection, role: str, logins: Logins | None = None, **options: Any
) -> Iterator[Postgres]:
    logins = logins or Rotating(login(admin, role), PASSWORD)
    database = Postgres(logins, **{"sslmode": "prefer", **options})
    try:
        yield database
    finally:
        database.close()


def elsewhere(admin: psycopg.Connection, role: str, **changes: Any) -> Logins:
    return Rotating(login(admin, role)._replace(**changes), PASSWORD)


@pytest.fixture
def database(admin: psycopg.Connection, role: str) -> Iterator[Postgres]:
    with opened(admin, role) as made:
        yield made


def connections(admin: psycopg.Connection, role: str) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
    row = admin.execute(query, [role]).fetchone()
    assert row is not None
    return int(row[0])


def cut(admin: psycopg.Connection, role: str) -> None:
    """End the role's connections on the server's side, and wait until they are gone."""
    row = admin.execute(
        "SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = %s",
        [role],
    ).fetchone()
    assert row == (True,)


def test_nothing_is_opened_before_the_first_use(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    assert connections(admin, role) == 0
    database.connection()
    assert connections(admin, role) == 1


def test_one_connection_serves_every_use(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    first = database.connection()
    with database.transaction() as connection:
        assert connection is first
    assert database.connection() is first
    assert connections(admin, role) == 1


def test_a_connection_that_was_cut_is_opened_again(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    first = database.connection()
    cut(admin, role)
    second = database.connection()
    assert second is not first
    assert first.closed
    assert second.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_left_in_a_transaction_is_not_trusted(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    first = database.connection()
    first.execute("BEGIN")
    assert database.connection() is not first
    assert connections(admin, role) == 1


def test_a_transaction_is_kept_whole_or_not_at_all(database: Postgres) -> None:
    with database.transaction() as connection:
        connection.execute("CREATE TABLE rows (n int)")
        connection.execute("INSERT INTO rows VALUES (1)")
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.execute("INSERT INTO rows VALUES (2)")
        raise ZeroDivisionError
    assert database.connection().execute("SELECT n FROM rows").fetchall() == [(1,)]


def test_a_transaction_that_is_cut_says_so_and_the_next_works(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    def work() -> None:
        with database.transaction() as connection:
            connection.execute("CREATE TABLE rows (n int)")
            cut(admin, role)
            connection.execute("INSERT INTO rows VALUES (1)")

    with pytest.raises(DatabaseUnavailable, match="the connection was cut"):
        work()
    with database.transaction() as connection:
        assert connection.execute("SELECT to_regclass('rows')").fetchone() == (None,)


def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    admin: psycopg.Connection, role: str
) -> None:
    with opened(admin, role, statement_timeout=0.2) as database:
        began = time.monotonic()
        with (
            pytest.raises(DatabaseUnavailable, match="statement timeout"),
            database.transaction() as connection,
        ):
            connection.execute("SELECT pg_sleep(30)")
        assert time.monotonic() - began < 5
        assert database.connection().execute("SHOW statement_timeout").fetchone() == ("200ms",)


def test_a_bad_statement_is_the_callers_and_keeps_the_connection(database: Postgres) -> None:
    first = database.connection()
    with pytest.raises(psycopg.errors.UndefinedTable), database.transaction() as connection:
        connection.execute("SELECT * FROM no_such_table")
    assert database.connection() is first


def test_the_server_knows_who_is_connected(admin: psycopg.Connection, role: str) -> None:
    with opened(admin, role, application_name="insert-ppu-data") as database:
        database.connection()
        query = "SELECT application_name FROM pg_stat_activity WHERE usename = %s"
        assert admin.execute(query, [role]).fetchone() == ("insert-ppu-data",)


def test_a_rotated_password_is_read_anew(
    admin: psycopg.Connection, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logins = Rotating(login(admin, role), "the old password", PASSWORD)
    with opened(admin, role, logins) as database:
        database.connection()
        assert logins.asked == ["get", "refresh"]
        database.connection()
        assert logins.asked == ["get", "refresh"]
    out = capsys.readouterr().out
    assert "database_login_refused" in out
    assert "password" not in out


def test_a_wrong_password_is_said_and_not_shown(
    admin: psycopg.Connection, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    logins = Rotating(login(admin, role), "wrong one", "wrong two")
    with (
        opened(admin, role, logins) as database,
        pytest.raises(DatabaseUnavailable, match="authentication failed") as raised,
    ):
        database.connection()
    assert "wrong one" not in str(raised.value)
    assert "wrong two" not in str(raised.value)
    assert f":{admin.info.port}/" in str(raised.value)


def test_a_database_that_does_not_exist_is_said(admin: psycopg.Connection, role: str) -> None:
    with (
        opened(admin, role, elsewhere(admin, role, dbname="no_such_database")) as database,
        pytest.raises(DatabaseUnavailable, match='"no_such_database" does not exist'),
    ):
        database.connection()


def test_a_server_that_is_away_is_said_at_once(admin: psycopg.Connection, role: str) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with opened(admin, role, elsewhere(admin, role, host="127.0.0.1", port=port)) as database:
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable, match=f"127.0.0.1:{port}/.* is unavailable"):
                database.connection()
            assert time.monotonic() - began < 2


def test_a_server_that_is_silent_is_given_up_in_time(admin: psycopg.Connection, role: str) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with opened(admin, role, elsewhere(admin, role, host="127.0.0.1", port=port)) as database:
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable, match="timeout"):
                database.connection()
            assert 1.5 < time.monotonic() - began < 6


def test_encryption_is_required_unless_told_otherwise(admin: psycopg.Connection, role: str) -> None:
    encrypted = admin.execute("SHOW ssl").fetchone() == ("on",)
    with opened(admin, role, sslmode="require") as database:
        if encrypted:
            database.connection()
            assert database.connection().pgconn.ssl_in_use
        else:
            with pytest.raises(DatabaseUnavailable, match="SSL"):
                database.connection()


def test_closing_twice_is_as_good_as_once(database: Postgres) -> None:
    database.connection()
    database.close()
    database.close()
    assert database.connection().execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_says_nothing_is_cut_off_in_time(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    """The server's own timeout does not help when the server stands still."""
    database.connection().execute("SET statement_timeout = 0")
    began = time.monotonic()
    with (
        pytest.raises(DatabaseUnavailable, match=r"no answer within 0\.[2-5] s") as raised,
        database.use(Deadline.after(0.5)) as connection,
    ):
        connection.execute("SELECT pg_sleep(30)")
    assert time.monotonic() - began < 3
    assert not raised.value.lost
    assert database.connection().execute("SELECT 1").fetchone() == (1,)


def test_a_deadline_ends_a_transactions_statements_at_the_server_too(
    database: Postgres,
) -> None:
    query = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"
    with database.transaction(Deadline.after(60)) as connection:
        ((milliseconds,),) = connection.execute(query).fetchall()
    assert 50_000 < milliseconds <= 59_500
    assert database.connection().execute("SHOW statement_timeout").fetchone() == ("5s",)


def test_a_server_that_became_read_only_is_left_for_another_connection(
    admin: psycopg.Connection, role: str, database: Postgres
) -> None:
    first = database.connection()
    first.execute("CREATE TABLE rows (n int)")
    first.execute("SET default_transaction_read_only = on")  # as after a failover
    with (
        pytest.raises(DatabaseUnavailable, match="read-only transaction") as raised,
        database.use() as connection,
    ):
        connection.execute("INSERT INTO rows VALUES (1)")
    assert raised.value.lost
    with database.use() as connection:
        assert connection is not first
        connection.execute("INSERT INTO rows VALUES (2)")


def test_a_connection_that_nobody_uses_is_taken_back(admin: psycopg.Connection, role: str) -> None:
    with opened(admin, role, idle_timeout=0.1) as database:
        first = database.connection()
        while connections(admin, role):
            pass
        second = database.connection()
        assert second is not first
        assert second.execute("SELECT 1").fetchone() == (1,)


def test_one_of_few_connections_is_waited_for_and_given_back(
    admin: psycopg.Connection, role: str
) -> None:
    admin.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT 1").format(sql.Identifier(role)))
    with opened(admin, role) as holder, opened(admin, role, patience=30) as other:
        holder.connection()
        release = threading.Timer(0.3, holder.close)
        release.start()
        with other.use() as connection:
            connection.execute("SELECT 1")
        release.join()
        while connections(admin, role):
            pass  # though nobody asked for it: `other` had to wait, and others may
        with other.use() as connection:
            connection.execute("SELECT 1")
        assert connections(admin, role) == 1  # this time it had not


def test_without_a_free_connection_callers_are_told_to_come_again_soon(
    admin: psycopg.Connection, role: str
) -> None:
    admin.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT 1").format(sql.Identifier(role)))
    with opened(admin, role) as holder, opened(admin, role) as other:
        holder.connection()
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="too many connections") as raised:
            other.connection()
        assert time.monotonic() - began < 2
        assert (raised.value.retry_after, raised.value.lost) == (2, False)


def test_a_row_in_a_servers_error_stays_out_of_ours(
    database: Postgres, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    database.connection().execute("CREATE TABLE rows (name text CHECK (name <> 'Mrs Smith'))")
    with (
        contextlib.suppress(psycopg.errors.CheckViolation),
        database.transaction() as connection,
        connection.cursor().copy("COPY rows FROM STDIN") as copy,
    ):
        copy.write("Mrs Smith\n")
    assert "Smith" not in capsys.readouterr().out + caplog.text


def test_a_host_without_an_address_is_said(admin: psycopg.Connection, role: str) -> None:
    with (
        opened(admin, role, elsewhere(admin, role, host="none.invalid")) as database,
        pytest.raises(DatabaseUnavailable, match="name cannot be resolved"),
    ):
        database.connection()


def test_a_host_with_two_addresses_is_asked_at_both(
    admin: psycopg.Connection, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(0, 0, 0, "", (address, 0)) for address in ("127.0.0.9", admin.info.hostaddr)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with opened(admin, role, elsewhere(admin, role, host="two.example")) as database:
        assert database.connection().execute("SELECT 1").fetchone() == (1,)


def test_two_silent_addresses_take_no_longer_than_one(
    admin: psycopg.Connection, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        found = [(0, 0, 0, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with opened(admin, role, elsewhere(admin, role, host="two.example", port=port)) as database:
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable, match="timeout"):
                database.connection()
            assert time.monotonic() - began < 3.5


def test_the_smoke_test_logs_in_anew(admin: psycopg.Connection, role: str) -> None:
    logins = Rotating(login(admin, role), PASSWORD)
    with opened(admin, role, logins) as database:
        first = database.connection()
        database.check()
        assert database.connection() is not first
        assert logins.asked == ["get", "refresh", "get"]
