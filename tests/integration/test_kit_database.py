"""The fleet's database as functions find it: a secret, TLS, and a server that proves its name."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from function_kit.database import DatabaseSettings, database
from function_kit.postgres import DatabaseUnavailable, Postgres

from tests.kit.insert import SECRET, Function


@contextmanager
def connected(treatments: Function, **changes: Any) -> Iterator[Postgres]:
    server = treatments.server
    values = {
        "environment": "local",
        "db_secret_arn": SECRET,
        "db_endpoint": "localhost",
        "db_port": server.port,
        "db_name": "postgres",
        "db_ca": str(server.authority),
    }
    settings = DatabaseSettings.model_validate({**values, **changes})
    made = database(settings, statement_timeout=1.5, application_name="a-function")
    try:
        yield made
    finally:
        made.close()


def test_the_secret_and_the_variables_lead_there_over_tls(treatments: Function) -> None:
    with connected(treatments) as postgres:
        connection = postgres.connection()
        assert connection.pgconn.ssl_in_use
        row = connection.execute(
            "SELECT current_user, current_setting('statement_timeout'),"
            " current_setting('application_name'), current_setting('idle_session_timeout')"
        ).fetchone()
    assert row == ("fleet_app", "1500ms", "a-function", "1min")


def test_the_authority_may_be_given_as_it_is(treatments: Function) -> None:
    with connected(treatments, db_ca=treatments.server.authority.read_text()) as postgres:
        postgres.check()


@pytest.mark.parametrize("authority", ["rds", "system"])
def test_a_server_that_others_vouch_for_is_not_trusted(
    treatments: Function, authority: str
) -> None:
    with (
        connected(treatments, db_ca=authority) as postgres,
        pytest.raises(DatabaseUnavailable, match="certificate verify failed"),
    ):
        postgres.connection()


def test_a_server_of_another_name_is_not_trusted(
    treatments: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = [(0, 0, 0, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    with (
        connected(treatments, db_endpoint="elsewhere.example") as postgres,
        pytest.raises(DatabaseUnavailable, match="does not match host name"),
    ):
        postgres.connection()


def test_a_secret_that_is_not_there_is_said(treatments: Function) -> None:
    with (
        connected(treatments, db_secret_arn="no-such-secret") as postgres,
        pytest.raises(DatabaseUnavailable, match="no-such-secret could not be read"),
    ):
        postgres.connection()
