"""Our signatures against botocore's, which are right by definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from function_kit import redaction
from function_kit.aws_errors import AwsError
from function_kit.sigv4 import Credentials, Signer, ask_elsewhere, encode, query
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
ROLE = KEYS._replace(token="a+session/token==")


@pytest.fixture(autouse=True, scope="module")
def standing_clock() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda **_: NOW.replace(tzinfo=None))
        yield


def theirs(credentials: Credentials) -> botocore.credentials.Credentials:
    return botocore.credentials.Credentials(
        credentials.access_key, credentials.secret_key, credentials.token or None
    )


def ours(service: str, credentials: Credentials) -> Signer:
    return Signer(service, "eu-west-1", credentials, lambda: NOW)


def presigned_by_botocore(url: str, credentials: Credentials, seconds: int) -> dict[str, str]:
    request = botocore.awsrequest.AWSRequest(method="GET", url=url)
    auth = botocore.auth.S3SigV4QueryAuth(theirs(credentials), "s3", "eu-west-1", expires=seconds)
    auth.add_auth(request)
    return dict(parse_qsl(urlsplit(request.url).query))


def check_presigned(key: str, credentials: Credentials, seconds: int) -> None:
    path = "/bucket/" + encode(key, "/")
    query = ours("s3", credentials).presigned_query("GET", "127.0.0.1:4566", path, seconds)
    expected = presigned_by_botocore(f"http://127.0.0.1:4566{path}", credentials, seconds)
    assert dict(parse_qsl(query)) == expected


@pytest.mark.parametrize("credentials", [KEYS, ROLE], ids=["user", "role"])
@pytest.mark.parametrize("seconds", [60, 43200])
def test_a_presigned_query_is_botocores(credentials: Credentials, seconds: int) -> None:
    check_presigned("device-logs/2026/a b+c&d=é~(1).log", credentials, seconds)


@given(st.text(min_size=1, max_size=60))
def test_a_presigned_query_is_botocores_for_any_key(key: str) -> None:
    check_presigned(key, ROLE, 600)


@pytest.mark.parametrize("credentials", [KEYS, ROLE], ids=["user", "role"])
@pytest.mark.parametrize(
    ("service", "method", "path", "body"),
    [
        ("s3", "HEAD", "/bucket/a%20b/%C3%A9~", b""),
        ("s3", "GET", "/bucket?prefix=a%2Fb%20c&list-type=2&delimiter=", b""),
        ("apigateway", "GET", "/v2/apis/a/routes?nextToken=x%2Fy%3D&maxResults=100", b""),
        ("dynamodb", "POST", "/", b'{"TableName": "ledger"}'),
        ("lambda", "POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax/invocations", b"{}"),
        ("scheduler", "GET", "/schedules/a.b" + query({"groupName": "a b&c=é", "Z": ""}), b""),
    ],
)
def test_signed_headers_are_botocores(
    credentials: Credentials, service: str, method: str, path: str, body: bytes
) -> None:
    headers = {"host": "api.example.com", "x-amz-target": "A.B", "x-spaced": "  a   b  "}
    signed = ours(service, credentials).headers(method, path, headers, body)
    request = botocore.awsrequest.AWSRequest(
        method=method, url=f"https://api.example.com{path}", headers=headers, data=body
    )
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    request.context["payload_signing_enabled"] = True
    kind(theirs(credentials), service, "eu-west-1").add_auth(request)
    expected = {name.lower(): value for name, value in request.headers.items()}
    assert signed["authorization"] == expected["authorization"]
    assert signed.items() >= {k: v for k, v in expected.items() if k.startswith("x-amz")}.items()


def test_a_signer_that_is_kept_signs_with_each_days_key() -> None:
    """The day's key is remembered; each signature is that of a signer made for it."""
    keys = Credentials("AKID", "secret")
    moments = [datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    now = iter([*moments, moments[1], moments[0]])
    kept = Signer("lambda", "us-east-1", keys, now.__next__)
    for moment in [*moments, moments[1], moments[0]]:
        new = Signer("lambda", "us-east-1", keys, iter([moment]).__next__)
        asked = ("POST", "/2015-03-31/functions/a/invocations", {"host": "lambda"}, b"{}")
        assert kept.headers(*asked) == new.headers(*asked)


def test_a_query_is_encoded() -> None:
    assert query({"b": "1 2", "a": "~/é"}) == "?b=1%202&a=~%2F%C3%A9"
    assert query({}) == ""


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert Credentials.from_environment() == ("id", "secret", "")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert Credentials.from_environment() == ("id", "secret", "token")


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_missing_credentials_are_said(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv(missing)
    with pytest.raises(AwsError, match="NoCredentials"):
        Credentials.from_environment()


def test_credentials_show_nothing() -> None:
    assert KEYS.secret_key not in f"{ROLE!r} {ROLE}"


def test_a_presigned_query_is_redacted_whole() -> None:
    query = ours("s3", ROLE).presigned_query("GET", "h.example", "/k", 60)
    assert redaction.redact_text(f"at https://h.example/k?{query}") == "at [REDACTED]"


@pytest.mark.parametrize("credentials", [KEYS, ROLE], ids=["user", "role"])
def test_a_forms_fields_are_botocores(credentials: Credentials) -> None:
    conditions = [{"bucket": "b"}, {"key": "a/é.log"}, ["content-length-range", 3, 3]]
    fields = ours("s3", credentials).post_fields(conditions, NOW + timedelta(minutes=15))
    request = botocore.awsrequest.AWSRequest(method="POST", url="https://b.s3.amazonaws.com/")
    request.context["s3-presign-post-policy"] = {
        "expiration": "2026-01-02T03:19:05Z",
        "conditions": list(conditions),
    }
    auth = botocore.auth.S3SigV4PostAuth(theirs(credentials), "s3", "eu-west-1")
    auth.add_auth(request)
    assert fields == request.context["s3-presign-post-fields"]


def test_without_an_environment_another_source_is_asked_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    given = iter([KEYS, ROLE])
    ask_elsewhere(lambda: next(given))
    try:
        assert [Credentials.from_environment() for _ in range(2)] == [KEYS, ROLE]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
        assert Credentials.from_environment().access_key == "id"
    finally:
        ask_elsewhere(None)
