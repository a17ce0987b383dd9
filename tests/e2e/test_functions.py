"""The functions on the local stack, with real rows, a real bucket and enforced IAM."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import psycopg
import pytest
from fleet.release.told import ALIAS
from fleet.stack.fixtures import SAMPLE_KEY, SAMPLE_OBJECT

from tests.e2e.conftest import Stack
from tests.kit.program import fleet

pytestmark = pytest.mark.stack


def invoke(stack: Stack, function: str, event: Any) -> Any:
    answer = stack.place.control(function).invoke(ALIAS, event)
    assert answer.function_error is None, answer.payload
    return answer.payload


def ledger(stack: Stack) -> Any:
    assert stack.environment.instance is not None
    return httpx.get(f"http://127.0.0.1:{stack.environment.instance.backend_port}/__ledger").json()


def test_every_due_monitor_gets_one_digest_a_day(stack: Stack) -> None:
    first = invoke(stack, "scheduled-digest", {"frequency": "daily"})
    again = invoke(stack, "scheduled-digest", {"frequency": "daily"})
    assert (first["active"], first["failed"]) == (again["active"], again["failed"]) == (4, 1)
    assert first["succeeded"] + first["skipped"] == again["skipped"] == 3
    delivered = Counter(d["repo"] for d in ledger(stack)["deliveries"] if d["frequency"] == "daily")
    assert delivered == {"acme/api": 1, "acme/web": 1, "acme/docs": 1}


def test_old_deleted_monitors_are_purged_and_recent_ones_stay(stack: Stack) -> None:
    invoke(stack, "scheduled-digest", {"frequency": "weekly"})
    with psycopg.connect(stack.place.stack.dsn) as connection:
        rows = connection.execute(
            "SELECT repo FROM monitors WHERE deleted ORDER BY repo"
        ).fetchall()
    assert rows == [("acme/recent",)]


def test_a_malformed_row_is_named_in_the_log_and_no_address_is(stack: Stack) -> None:
    invoke(stack, "scheduled-digest", {"frequency": "daily"})
    lines = fleet("logs", "--function", "scheduled-digest").out
    assert "malformed monitor" in lines
    assert "repo: String should match pattern" in lines
    assert "not a repository" not in lines
    assert "hooks.example" not in lines
    assert "team@example.com" not in lines
    assert stack.place.stack.key("supabase") not in lines


def test_a_download_url_gives_the_object_to_whoever_has_it(stack: Stack) -> None:
    answer = invoke(stack, "generate-presigned-url", {"key": SAMPLE_KEY, "expiration": 60})
    url = httpx.URL(json.loads(answer["body"])["presigned_url"])
    # The function knows this machine by another name, and the signature covers it.
    reachable = url.copy_with(host="localhost")
    given = httpx.get(reachable, headers={"Host": f"{url.host}:{url.port}"})
    assert (given.status_code, given.content) == (200, SAMPLE_OBJECT)
    tampered = str(reachable).replace(SAMPLE_KEY, "device-logs/other.log")
    refused = httpx.get(tampered, headers={"Host": f"{url.host}:{url.port}"})
    assert refused.status_code == 403


def test_an_event_that_is_not_json_never_reaches_the_bucket(stack: Stack) -> None:
    """AWS refuses it before the function; the local AWS hands the function an empty object."""
    name = stack.environment.function_name("generate-presigned-url")
    answer = stack.client("lambda").invoke(FunctionName=name, Qualifier=ALIAS, Payload=b"{not json")
    payload = json.loads(answer["Payload"].read())
    assert payload["statusCode"] == 400
    assert json.loads(payload["body"])["error"]["fields"][0]["field"] == "key"


@pytest.mark.parametrize("body", ["{not json", "[]", '"text"'])
def test_a_body_that_is_not_a_json_object_is_a_400_with_a_reason(stack: Stack, body: str) -> None:
    event = stack.place.project.event("generate-presigned-url", "post_body").event
    answer = invoke(stack, "generate-presigned-url", event | {"body": body})
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["request_id"]


def test_an_event_that_is_not_an_object_fails_and_says_so(stack: Stack) -> None:
    answer = stack.place.control("scheduled-digest").invoke(ALIAS, ["not", "an", "object"])
    assert answer.function_error is not None
    assert "must be a JSON object" in answer.payload["errorMessage"]


def test_a_rotated_key_is_read_again(stack: Stack) -> None:
    """The stand-in and the secret get a new key; the warm function still holds the old one."""
    assert stack.environment.instance is not None
    port = stack.environment.instance.supabase_port
    secret = stack.place.terraform.outputs()["digest"]["secret_arn"]
    client = stack.client("secretsmanager")
    before = client.get_secret_value(SecretId=secret)["SecretString"]
    for key in ("rotated-key", before):
        client.put_secret_value(SecretId=secret, SecretString=key)
        httpx.put(
            f"http://127.0.0.1:{port}/__control/key", json={"service_role_key": key}
        ).raise_for_status()
        assert invoke(stack, "scheduled-digest", {"frequency": "weekly"})["frequency"] == "weekly"
