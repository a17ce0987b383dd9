"""Migrations on the local stack: applied by the release, alone, and never half."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from fleet.release.told import ALIAS
from fleet.stack.postgres import DATABASE
from psycopg import conninfo

from tests.e2e.conftest import Stack
from tests.kit.program import fleet

pytestmark = pytest.mark.stack


def invoke(stack: Stack, action: str) -> Any:
    return stack.place.control("db-migrate").invoke(ALIAS, {"action": action})


def database(stack: Stack) -> psycopg.Connection:
    """The fleet's database, as its server's superuser."""
    dsn = conninfo.make_conninfo(stack.place.stack.dsn, dbname=DATABASE)
    return psycopg.connect(dsn, autocommit=True)


def test_the_first_release_has_brought_the_schema_up_to_date(stack: Stack) -> None:
    answer = invoke(stack, "status")
    assert answer.function_error is None
    assert answer.payload["pending"] == []
    with database(stack) as connection:
        connection.execute("SELECT count(*) FROM ppu_treatments")


def test_two_at_once_change_nothing_twice(stack: Stack) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: invoke(stack, "migrate"), range(4)))
    assert [answer.function_error for answer in answers] == [None] * 4
    assert {tuple(answer.payload["applied"]) for answer in answers} == {()}


def test_a_migration_that_cannot_run_stops_what_needs_it_and_nothing_else(stack: Stack) -> None:
    """As when a newer image has changed the schema: this one does not know where it stands."""
    before = {name: stack.place.control(name).alias() for name in ("insert-ppu-data", "db-migrate")}
    with database(stack) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert row is not None
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        try:
            client = stack.client("lambda")
            name = stack.environment.function_name("insert-ppu-data")
            client.update_function_configuration(FunctionName=name, MemorySize=333)
            ended = fleet("release", "--function", "insert-ppu-data", "--tag", stack.tag)
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", row)
    assert ended.code == 4
    assert "comes after db-migrate" in ended.said
    assert "9999" in ended.said
    for function, alias in before.items():
        assert stack.place.control(function).alias().traffic == alias.traffic
    assert fleet("apply").code == 0
