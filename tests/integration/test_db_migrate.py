"""Migrations against a real PostgreSQL: once, alone, wholly or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from db_migrate import logins, schema
from db_migrate.settings import MigrateSettings
from function_kit.logging import configure, get_logger
from function_kit.postgres import DatabaseUnavailable, Login, Postgres
from function_kit.secrets import Secret
from psycopg import sql

from tests.kit import services

FIRST, LAST = "0001", "0003"
ALL = [FIRST, "0002", LAST]
PASSWORD = "of-the-app-only"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with services.postgres() as dsn:
        yield dsn


class Given:
    """Always the same login."""

    def __init__(self, dsn: str) -> None:
        found = psycopg.conninfo.conninfo_to_dict(dsn)
        self._login = Login(
            str(found["host"]), int(str(found["port"])), str(found["dbname"]), str(found["user"]),
            str(found.get("password", "")),
        )  # fmt: skip

    def get(self) -> Login:
        return self._login

    refresh = get


@pytest.fixture
def dsn(server: str) -> Iterator[str]:
    """A database of the test's own on the server, without the functions' role."""
    name = f"t{threading.get_ident()}_{id(object())}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield psycopg.conninfo.make_conninfo(server, dbname=name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for role in (logins.APP, logins.GATEWAY, "rds_iam"):
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def connect(dsn: str) -> Postgres:
    return Postgres(Given(dsn), sslmode="disable", statement_timeout=30)


@pytest.fixture
def postgres(dsn: str) -> Iterator[Postgres]:
    postgres = connect(dsn)
    yield postgres
    postgres.close()


def settings(**values: Any) -> MigrateSettings:
    given: dict[str, Any] = {"environment": "local", "db_secret_arn": "x"}
    return MigrateSettings.model_validate({**given, "lock_wait_seconds": 0.3, **values})


def app_secret(password: str = PASSWORD) -> Secret:
    return Secret(json.dumps({"username": logins.APP, "password": password}))


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        return {name for (name,) in rows}


@pytest.fixture
def more(tmp_path: Path) -> Callable[[str], Path]:
    """The migrations with one more at the end."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def add(statements: str) -> Path:
        (folder / "versions" / "9999_more.py").write_text(
            f"from alembic import op\nrevision = '9999'\ndown_revision = '{LAST}'\n"
            f"def upgrade():\n    op.get_bind().exec_driver_sql({statements!r})\n"
        )
        return folder

    return add


def test_an_empty_database_gets_every_migration_and_a_second_run_none(postgres: Postgres) -> None:
    assert schema.status(postgres) == {"revision": None, "pending": ALL}
    assert schema.migrate(postgres, settings(), app_secret()) == ALL
    assert schema.status(postgres) == {"revision": LAST, "pending": []}
    assert schema.migrate(postgres, settings(), app_secret()) == []


def test_functions_may_add_and_read_treatments_and_nothing_more(
    postgres: Postgres, dsn: str
) -> None:
    schema.migrate(postgres, settings(), app_secret())
    app = psycopg.connect(dsn, user=logins.APP, password=PASSWORD, autocommit=True)
    with app:
        app.execute("CREATE TEMPORARY TABLE staging (LIKE ppu_treatments)")
        app.execute("SELECT count(*) FROM ppu_treatments")
        for refused in (
            "DELETE FROM ppu_treatments",
            "UPDATE ppu_treatments SET patient_id = 'x'",
            "TRUNCATE ppu_treatments",
            "DROP TABLE ppu_treatments",
            "CREATE TABLE mine (id int)",
            "SELECT * FROM alembic_version",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(refused)


def test_a_changed_password_is_taken_over_by_the_next_run(postgres: Postgres, dsn: str) -> None:
    schema.migrate(postgres, settings(), app_secret("first"))
    schema.migrate(postgres, settings(), app_secret("second"))
    psycopg.connect(dsn, user=logins.APP, password="second").close()
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(dsn, user=logins.APP, password="first")


def test_the_password_reaches_the_server_as_its_hash_alone(postgres: Postgres, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        schema.migrate(postgres, settings(), app_secret())
        found = admin.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = %s", [logins.APP]
        ).fetchone()
    assert found is not None
    assert found[0].startswith("SCRAM-SHA-256$")


def test_with_iam_authentication_the_role_joins_those_that_rds_lets_in(
    postgres: Postgres, dsn: str
) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE ROLE rds_iam")
        schema.migrate(postgres, settings(), None)
        member = admin.execute(
            "SELECT pg_has_role(%s, 'rds_iam', 'MEMBER')", [logins.APP]
        ).fetchone()
    assert member == (True,)


def test_without_iam_authentication_and_a_secret_the_run_fails_and_leaves_nothing(
    postgres: Postgres, dsn: str
) -> None:
    with pytest.raises(schema.MigrationFailed, match="rds_iam"):
        schema.migrate(postgres, settings(), None)
    assert tables(dsn) == set()


def test_a_secret_without_a_password_is_named_and_nothing_is_left(
    postgres: Postgres, dsn: str
) -> None:
    with pytest.raises(logins.LoginSecretInvalid, match="password"):
        schema.migrate(postgres, settings(), Secret('{"username": "fleet_app"}'))
    assert tables(dsn) == set()


def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    postgres: Postgres, dsn: str, more: Callable[[str], Path]
) -> None:
    broken = more("CREATE TABLE half (id int); SELECT 1/0")
    with pytest.raises(schema.MigrationFailed, match=r"9999.*division by zero"):
        schema.migrate(postgres, settings(), app_secret(), broken)
    assert tables(dsn) == set()
    assert schema.migrate(postgres, settings(), app_secret()) == ALL
    before = tables(dsn)
    with pytest.raises(schema.MigrationFailed, match="as it was"):
        schema.migrate(postgres, settings(), app_secret(), broken)
    assert tables(dsn) == before
    assert schema.status(postgres)["revision"] == LAST


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("CREATE UNIQUE INDEX one_each ON ppu_treatments (patient_id)",
         'could not create unique index "one_each" (23505)'),
        ("ALTER TABLE ppu_treatments ADD CONSTRAINT none CHECK (patient_id = '')",
         'constraint "none" of relation "ppu_treatments" is violated by some row (23514)'),
        ("ALTER TABLE ppu_treatments ALTER patient_id TYPE int USING patient_id::int",
         'invalid input syntax for type integer: "…" (22P02)'),
    ],
    ids=["unique", "check", "type"],
)  # fmt: skip
def test_why_a_migration_failed_says_nothing_of_the_rows(
    postgres: Postgres,
    dsn: str,
    more: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    change: str,
    reason: str,
) -> None:
    schema.migrate(postgres, settings(), app_secret())
    with psycopg.connect(dsn) as admin:
        for _ in range(2):
            admin.execute(
                "INSERT INTO ppu_treatments"
                " (id, patient_id, treatment_data, timestamp, environment)"
                " VALUES (gen_random_uuid(), 'patient-\"66\n', '{}', now(), 'local')"
            )
    configure(service="db-migrate")
    with pytest.raises(schema.MigrationFailed) as raised:
        schema.migrate(postgres, settings(), app_secret(), more(change))
    get_logger().error("invocation_failed", exc_info=raised.value)  # as the handler does
    for text in (str(raised.value), json.loads(capsys.readouterr().out)["exception"]):
        assert reason in text
        assert "66" not in text


def test_two_runs_at_once_apply_everything_once(dsn: str) -> None:
    applied: list[list[str]] = []

    def run() -> None:
        own = connect(dsn)
        applied.append(schema.migrate(own, settings(lock_wait_seconds=20), app_secret()))
        own.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [[], [], [], ALL]


def test_a_run_that_does_not_end_refuses_the_next_and_says_since_when(
    postgres: Postgres, dsn: str
) -> None:
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [schema.LOCK])
        with pytest.raises(schema.MigrationRunning, match=f"process {other.info.backend_pid},"):
            schema.migrate(postgres, settings(), app_secret())
    assert schema.migrate(postgres, settings(), app_secret()) == ALL


def test_a_run_killed_in_the_middle_leaves_neither_change_nor_lock(
    dsn: str, more: Callable[[str], Path]
) -> None:
    slow = more("CREATE TABLE half (id int); SELECT pg_sleep(60)")
    own = connect(dsn)
    failed: list[Exception] = []

    def run() -> None:
        try:
            schema.migrate(own, settings(), app_secret(), slow)
        except schema.MigrationFailed as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with psycopg.connect(dsn, autocommit=True) as admin:
        kill = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
        while not admin.execute(kill).fetchone():
            pass
    thread.join()
    assert "ask for the status" in str(failed[0])
    assert tables(dsn) == set()
    again = connect(dsn)
    assert schema.migrate(again, settings(), app_secret()) == ALL
    again.close()


def test_a_run_that_died_without_a_word_is_noticed_and_its_lock_is_free(
    dsn: str, more: Callable[[str], Path]
) -> None:
    slow = more("CREATE TABLE half (id int); SELECT pg_sleep(60)")
    own = connect(dsn)
    dead = socket.socket(fileno=os.dup(own.connection().fileno()))

    def run() -> None:
        with contextlib.suppress(schema.MigrationFailed):
            schema.migrate(own, settings(), app_secret(), slow)

    thread = threading.Thread(target=run)
    thread.start()
    with psycopg.connect(dsn, autocommit=True) as admin:
        asleep = (
            "SELECT 1 FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
        while not admin.execute(asleep).fetchone():
            pass
    dead.shutdown(socket.SHUT_RDWR)
    dead.close()
    thread.join()
    again = connect(dsn)
    assert schema.migrate(again, settings(lock_wait_seconds=20), app_secret()) == ALL
    again.close()


def test_a_table_in_use_is_waited_for_only_so_long(
    postgres: Postgres, dsn: str, more: Callable[[str], Path]
) -> None:
    schema.migrate(postgres, settings(), app_secret())
    change = more("ALTER TABLE ppu_treatments ADD COLUMN note text")
    with psycopg.connect(dsn) as reader:
        reader.execute("SELECT count(*) FROM ppu_treatments")
        with pytest.raises(schema.MigrationFailed, match="lock timeout"):
            schema.migrate(postgres, settings(lock_timeout_seconds=0.2), app_secret(), change)
    assert schema.migrate(postgres, settings(), app_secret(), change) == ["9999"]


def test_a_schema_newer_than_the_image_is_refused(
    postgres: Postgres, more: Callable[[str], Path]
) -> None:
    newer = more("CREATE TABLE later (id int)")
    schema.migrate(postgres, settings(), app_secret(), newer)
    for use in (
        lambda: schema.status(postgres),
        lambda: schema.migrate(postgres, settings(), app_secret()),
    ):
        with pytest.raises(schema.MigrationUnknown, match="9999"):
            use()


def test_a_database_that_is_away_is_said_and_not_waited_for_long() -> None:
    away = Postgres(Given("host=127.0.0.1 port=1 dbname=x user=x"), patience=0.1)
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/x"):
        schema.migrate(away, settings(), app_secret())


def test_every_sql_file_has_its_revision_and_follows_the_one_before() -> None:
    files = sorted(path.stem for path in (schema.FOLDER / "sql").glob("*.sql"))
    revisions = sorted(path.stem for path in (schema.FOLDER / "versions").glob("*.py"))
    assert files == revisions
    assert [name[:4] for name in files] == [f"{n:04d}" for n in range(1, len(files) + 1)]
