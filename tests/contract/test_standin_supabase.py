"""The stand-in Supabase speaks PostgREST's dialect.

The expectations are PostgREST's documentation and its own specification:
https://docs.postgrest.org/en/stable/references/api/tables_views.html, errors.html,
https://github.com/PostgREST/postgrest/blob/main/test/spec/Feature/Query/DeleteSpec.hs
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from standins import serving
from standins import supabase as standin

from tests.kit import services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "service-role-key-of-the-test"
NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)


def row(number: int, **columns: Any) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "repo": f"acme/repo-{number}",
        "delivery_method": "slack",
        "frequency": "daily",
        **columns,
    }


@pytest.fixture(scope="module")
def supabase(postgres_dsn: str) -> Iterator[standin.Supabase]:
    state = standin.Supabase(postgres_dsn, KEY, max_rows=5)
    yield state
    state.close()


@pytest.fixture(scope="module")
def url(supabase: standin.Supabase) -> Iterator[str]:
    with serving.running(standin.application(supabase)) as base:
        yield base


@pytest.fixture
def call(url: str, supabase: standin.Supabase) -> Iterator[Callable[..., httpx.Response]]:
    supabase.run("TRUNCATE monitors")
    supabase.key, supabase.faults = KEY, []
    supabase.requests.clear()
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:

        def send(query: str, method: str = "GET", **options: Any) -> httpx.Response:
            return client.request(method, f"/rest/v1/monitors?{query}", **options)

        yield send


def repos(response: httpx.Response) -> list[str]:
    assert response.is_success, response.text
    return [item["repo"] for item in response.json()]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("repo=eq.acme/repo-2", [2]),
        ("repo=neq.acme/repo-2", [1, 3]),
        (f"id=gt.{UUID(int=1)}", [2, 3]),
        (f"id=gte.{UUID(int=2)}", [2, 3]),
        (f"id=lt.{UUID(int=2)}", [1]),
        (f"id=lte.{UUID(int=2)}", [1, 2]),
        ("repo=in.(acme/repo-1,acme/repo-3)", [1, 3]),
        ('repo=in.("acme/repo-1","a,b")', [1]),
        ("repo=in.()", []),
        ("email=is.null", [2, 3]),
        ("email=is.not_null", [1]),
        ("deleted=is.true", [3]),
        ("deleted=is.false", [1, 2]),
        ("deleted=eq.false&repo=neq.acme/repo-1", [2]),
        ("deleted_at=lt.2026-03-02T14:00:00%2B01:00", []),
        ("deleted_at=lt.2026-03-02T14:00:01%2B01:00", [3]),
    ],
)
def test_filters(
    call: Callable[..., httpx.Response],
    supabase: standin.Supabase,
    condition: str,
    expected: list[int],
) -> None:
    gone = {"deleted": True, "deleted_at": NOW.isoformat()}
    supabase.add_monitors([row(1, email="a@example.com"), row(2), row(3, **gone)])

    assert repos(call(f"{condition}&order=id")) == [f"acme/repo-{n}" for n in expected]


def test_select_order_limit_and_offset(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(number) for number in (1, 2, 3)])

    response = call("select=repo&order=id.desc.nullslast&limit=2&offset=1")

    assert response.json() == [{"repo": "acme/repo-2"}, {"repo": "acme/repo-1"}]
    assert response.headers["content-range"] == "1-2/*"


def test_every_column_is_given_when_none_is_selected(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(1, created_at=NOW.isoformat())])

    (answer,) = call("").json()

    assert answer["created_at"] == "2026-03-02T13:00:00+00:00"
    assert answer["webhook_url"] is None
    assert answer["deleted"] is False


def test_a_page_is_capped_whatever_the_limit(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(number) for number in range(1, 9)])

    assert len(call("limit=100").json()) == 5
    assert len(call("").json()) == 5


def test_an_exact_count_makes_a_part_206(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(number) for number in (1, 2, 3)])

    part = call("limit=2", headers={"prefer": "count=exact"})
    whole = call("", headers={"prefer": "count=exact"})
    none = call("repo=eq.nobody", headers={"prefer": "count=exact"})
    head = call("", "HEAD", headers={"prefer": "count=exact"})

    assert (part.status_code, part.headers["content-range"]) == (206, "0-1/3")
    assert (whole.status_code, whole.headers["content-range"]) == (200, "0-2/3")
    assert (none.status_code, none.headers["content-range"]) == (200, "*/0")
    assert (head.status_code, head.headers["content-range"]) == (200, "0-2/3")
    assert head.content == b""


def test_delete_counts_what_it_removed(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    old = (NOW - timedelta(days=31)).isoformat()
    supabase.add_monitors(
        [row(number, deleted=True, deleted_at=old) for number in range(1, 8)] + [row(8)]
    )

    response = call("deleted=eq.true", "DELETE", headers={"prefer": "return=minimal, count=exact"})
    again = call("deleted=eq.true", "DELETE")

    assert (response.status_code, response.headers["content-range"]) == (204, "*/7")
    assert response.headers["preference-applied"] == "return=minimal, count=exact"
    assert response.content == b""
    assert (again.status_code, again.headers["content-range"]) == (204, "*/*")
    assert repos(call("")) == ["acme/repo-8"]


def test_a_delete_of_everything_is_refused(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(1)])

    response = call("", "DELETE")

    assert (response.status_code, response.json()["code"]) == (400, "21000")
    assert len(call("").json()) == 1


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("nothing=eq.1", 400, "42703"),
        ("select=nothing", 400, "42703"),
        ("order=nothing", 400, "42703"),
        ("repo=resembles.x", 400, "PGRST100"),
        ("repo=eq", 400, "PGRST100"),
        ("deleted=is.maybe", 400, "PGRST100"),
        ("repo=in.a,b", 400, "PGRST100"),
        ("limit=-1", 400, "PGRST100"),
        ("limit=some", 400, "PGRST100"),
        ("order=id.upwards", 400, "PGRST100"),
        ("select=id,repo;drop", 400, "PGRST100"),
        ("id=eq.not-a-uuid", 400, "22P02"),
        # A plus sign that is not encoded is a space: the offset of a time is lost.
        ("deleted_at=lt.2026-03-02T13:00:00+00:00", 400, "22007"),
    ],
)
def test_errors_have_postgrests_form(
    call: Callable[..., httpx.Response], query: str, status: int, code: str
) -> None:
    response = call(query)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert set(response.json()) == {"code", "message", "details", "hint"}


def test_values_are_never_taken_for_sql(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(1, repo="it's; DROP TABLE monitors --")])

    assert repos(call("", params={"repo": "eq.it's; DROP TABLE monitors --"}))
    assert call("", params={'repo" is null; --': "eq.1"}).json()["code"] == "42703"


def test_an_unknown_table_is_not_found(url: str, call: Callable[..., httpx.Response]) -> None:
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    response = httpx.get(f"{url}/rest/v1/elsewhere", headers=headers)

    assert (response.status_code, response.json()["code"]) == (404, "PGRST205")
    assert call("").status_code == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"message": "No API key found in request"}),
        ({"apikey": "wrong", "authorization": f"Bearer {KEY}"}, {"message": "Invalid API key"}),
        ({"apikey": KEY}, {"code": "42501"}),
        ({"apikey": KEY, "authorization": "Bearer wrong"}, {"code": "PGRST301"}),
        ({"apikey": KEY, "authorization": f"Basic {KEY}"}, {"code": "42501"}),
    ],
)
def test_both_headers_must_carry_the_key(
    url: str,
    call: Callable[..., httpx.Response],
    headers: dict[str, str],
    expected: dict[str, str],
) -> None:
    response = httpx.get(f"{url}/rest/v1/monitors", headers=headers)

    assert response.status_code == 401
    assert expected.items() <= response.json().items()
    assert "wrong" not in response.text
    assert call("").status_code == 200


def test_the_key_can_be_rotated(url: str, call: Callable[..., httpx.Response]) -> None:
    assert call("").status_code == 200

    httpx.put(f"{url}/__control/key", json={"service_role_key": "another"}).raise_for_status()

    new = {"apikey": "another", "authorization": "Bearer another"}
    assert call("").status_code == 401
    assert call("", "HEAD").status_code == 401
    assert call("", headers=new).status_code == 200


def test_faults_hit_the_named_requests_and_no_more(
    url: str, call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.add_monitors([row(1), row(2)])
    faults = [
        {"method": "DELETE", "status": 503, "times": 1},
        {"method": "DELETE", "status": 500, "times": 1, "applied": True},
    ]
    httpx.put(f"{url}/__control/faults", json=faults).raise_for_status()

    first, second, third = (call(f"id=eq.{UUID(int=1)}", "DELETE") for _ in range(3))

    assert (first.status_code, first.json()["code"]) == (503, "XX000")
    assert second.status_code == 500
    assert third.status_code == 204
    assert repos(call("")) == ["acme/repo-2"]


def test_rows_can_be_put_in_and_taken_out_from_outside(
    url: str, call: Callable[..., httpx.Response]
) -> None:
    rows = [row(1), {"repo": None, "delivery_method": "pigeon", "frequency": "daily"}]

    assert httpx.post(f"{url}/__control/monitors", json=rows).json() == {"added": 2}
    assert len(call("").json()) == 2
    assert httpx.delete(f"{url}/__control/monitors").status_code == 204
    assert call("").json() == []


def test_the_ledger_lists_requests_without_the_key(
    url: str, call: Callable[..., httpx.Response]
) -> None:
    call("limit=1")
    call("nothing=eq.1")

    ledger = httpx.get(f"{url}/__ledger")

    assert [(r["method"], r["query"], r["status"]) for r in ledger.json()["requests"]] == [
        ("GET", {"limit": "1"}, 200),
        ("GET", {"nothing": "eq.1"}, 400),
    ]
    assert KEY not in ledger.text


def test_a_lost_connection_to_the_database_is_503_and_heals(
    call: Callable[..., httpx.Response], supabase: standin.Supabase
) -> None:
    supabase.run("SELECT 1")
    with pytest.raises(Exception, match="terminating connection"):
        supabase.run("SELECT pg_terminate_backend(pg_backend_pid())")

    assert call("").status_code == 200


def test_a_database_that_is_not_there_is_503() -> None:
    dsn = f"postgresql://nobody:nothing@127.0.0.1:{services.free_port()}/none"
    state = standin.Supabase(dsn, KEY)
    with serving.running(standin.application(state)) as base:
        headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
        response = httpx.get(f"{base}/rest/v1/monitors", headers=headers)

    assert response.status_code == 503
    assert "nothing" not in response.text


def test_it_runs_as_a_program(postgres_dsn: str) -> None:
    port = services.free_port()
    environment = {"STANDIN_DATABASE_URL": postgres_dsn, "SUPABASE_SERVICE_ROLE_KEY": KEY}
    with subprocess.Popen(
        [sys.executable, "-m", "standins.supabase", "--port", str(port)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        services.until_healthy(f"http://127.0.0.1:{port}/health")
        headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
        status = httpx.get(f"http://127.0.0.1:{port}/rest/v1/monitors", headers=headers)
        process.terminate()
        output, _ = process.communicate(timeout=20)

    assert status.status_code == 200
    assert KEY not in output
