"""The invoke gateway on the local stack: clients by `fleet`, REST, and rows in the audit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from fleet.release.told import ALIAS
from fleet.stack.postgres import DATABASE
from psycopg import conninfo

from tests.e2e.conftest import Stack
from tests.kit.http_api import Api
from tests.kit.program import fleet

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return Api(stack.place, "invoke_gateway")


@pytest.fixture
def database(stack: Stack) -> Iterator[psycopg.Connection]:
    """The fleet's database, as its server's superuser."""
    dsn = conninfo.make_conninfo(stack.place.stack.dsn, dbname=DATABASE)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def client(stack: Stack) -> Iterator[dict[str, Any]]:
    """A client that may invoke the clock, and nothing else."""
    name = f"e2e-{secrets.token_hex(4)}"
    prefix = stack.environment.function_name("sync-clock")
    ended = fleet("gateway", "client", "add", name, "--prefix", prefix, "--json")
    assert ended.code == 0, ended.err
    yield json.loads(ended.out)
    fleet("gateway", "client", "revoke", name)


def ask(api: Api, method: str, path: str, token: str = "", body: Any = None) -> httpx.Response:
    headers = {"host": api.host} | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.request(method, f"{api.address}{path}", headers=headers, json=body, timeout=40)


def sign_in(api: Api, client: dict[str, Any]) -> httpx.Response:
    given = {name: client[name] for name in ("client_id", "client_secret")}
    return ask(api, "POST", "/api/v1/token", body=given)


def clock(stack: Stack) -> dict[str, Any]:
    event = stack.place.project.event("sync-clock", "get_clock").event
    name = stack.environment.function_name("sync-clock")
    return {"function_name": name, "payload": json.dumps(event), "alias": ALIAS}


def test_a_client_invokes_what_it_may_and_the_audit_has_it(
    stack: Stack, api: Api, client: dict[str, Any], database: psycopg.Connection
) -> None:
    token = sign_in(api, client).json()["token"]
    answer = ask(api, "POST", "/api/v1/invoke", token, clock(stack))
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert json.loads(answer.json()["payload"])["statusCode"] == 200
    row = database.execute(
        "SELECT function_name, alias, status_code, success, payload, tableoid::regclass::text"
        " FROM lambda_invocations WHERE client_id = %s",
        [client["client_id"]],
    ).fetchall()
    wanted = clock(stack)
    assert [found[:5] for found in row] == [
        (wanted["function_name"], ALIAS, 200, True, wanted["payload"])
    ]


def test_others_functions_are_refused_by_any_spelling(
    stack: Stack, api: Api, client: dict[str, Any]
) -> None:
    token = sign_in(api, client).json()["token"]
    other = stack.environment.function_name("db-migrate")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{other}"
    for name in (other, arn, f"{other}:{ALIAS}", f"000000000000:{other}", f"x/../{other}"):
        answer = ask(api, "POST", "/api/v1/invoke", token, {"function_name": name, "payload": "{}"})
        assert answer.status_code in {400, 403}, name
    listed = ask(api, "GET", "/api/v1/functions", token).json()["functions"]
    assert [f["FunctionName"] for f in listed] == [clock(stack)["function_name"]]


def test_a_batch_keeps_its_order_and_one_bad_item_fails_alone(
    stack: Stack, api: Api, client: dict[str, Any]
) -> None:
    token = sign_in(api, client).json()["token"]
    bad = {"function_name": stack.environment.function_name("db-migrate"), "payload": "{}"}
    answer = ask(api, "POST", "/api/v1/batch", token, {"invocations": [clock(stack), bad] * 2})
    assert [one["success"] for one in answer.json()["results"]] == [True, False, True, False]


def test_nobody_else_gets_in(api: Api, client: dict[str, Any]) -> None:
    assert sign_in(api, client | {"client_secret": "guess"}).status_code == 401
    assert ask(api, "POST", "/api/v1/token", body={}).status_code == 400
    for token in ("", "x", "eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJlMmUifQ."):
        assert ask(api, "GET", "/api/v1/functions", token).status_code == 401


def test_secrets_overlap_and_a_revoked_client_is_out(api: Api, client: dict[str, Any]) -> None:
    ended = fleet("gateway", "client", "rotate", client["client_id"], "--json")
    assert ended.code == 0, ended.err
    new = json.loads(ended.out)
    assert [sign_in(api, one).status_code for one in (client, new)] == [200, 200]
    assert fleet("gateway", "client", "rotate", client["client_id"], "--keep", "0s").code == 0
    assert [sign_in(api, one).status_code for one in (client, new)] == [401, 401]
    assert fleet("gateway", "client", "revoke", client["client_id"]).code == 0
    listed = json.loads(fleet("gateway", "client", "list", "--json").out)
    (row,) = [one for one in listed if one["client_id"] == client["client_id"]]
    assert row["revoked_at"]


def test_tokens_of_the_key_before_stay_good(api: Api, client: dict[str, Any]) -> None:
    before = sign_in(api, client).json()["token"]
    assert fleet("gateway", "key", "rotate", "--force").code == 0
    after = sign_in(api, client).json()["token"]
    for token in (before, after):
        assert ask(api, "GET", "/api/v1/functions", token).status_code == 200
    assert fleet("gateway", "key", "rotate").code == 3  # tokens of the first key are still good


def test_a_client_that_is_there_is_not_added_twice(client: dict[str, Any]) -> None:
    ended = fleet("gateway", "client", "add", client["client_id"])
    assert ended.code == 4
    assert "choose another name" in ended.said


def test_the_months_of_the_audit_are_made(stack: Stack, database: psycopg.Connection) -> None:
    answer = stack.place.control("db-migrate").invoke(ALIAS, {"action": "partitions"})
    assert answer.function_error is None
    month = f"lambda_invocations_{datetime.now(UTC):%Y%m}"
    assert database.execute("SELECT to_regclass(%s)", [month]).fetchone() == (month,)


def test_the_gateway_may_not_read_its_own_audit(stack: Stack) -> None:
    """Nor may the functions of others: it is for people with a login of their own."""
    for user, login in (("fleet_gateway", "gateway"), ("fleet_app", "app")):
        password = stack.place.stack.key(f"database-{login}")
        dsn = conninfo.make_conninfo(
            stack.place.stack.dsn, dbname=DATABASE, user=user, password=password
        )
        with (
            psycopg.connect(dsn) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM lambda_invocations")
