"""The contract of generate-presigned-url, against a real local S3 that enforces IAM."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import socket
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import parse_qs, quote, urlsplit

import botocore.session
import httpx
import pytest
import structlog
from function_kit.handler import SmokeFailed
from function_kit.settings import ConfigurationError
from generate_presigned_url import bucket as bucket_module
from generate_presigned_url.bucket import Bucket

from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT
from tests.kit.scripted import Reply, serving
from tests.kit.services import local_aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "downloads"
KEY = "device-logs/example.log"
CONTENT = b"a line of the log\n"
EVENTS = sorted((ROOT / "images" / "generate-presigned-url" / "events").glob("*.json"))
NAMES = ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE")


@dataclass
class Aws:
    endpoint: str

    def client(self, service: str) -> Any:
        return botocore.session.get_session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def user(self, *statements: dict[str, Any]) -> dict[str, str]:
        """The keys of a new user with just these permissions."""
        name = f"user-{uuid.uuid4().hex[:8]}"
        with contextlib.closing(self.client("iam")) as iam:
            iam.create_user(UserName=name)
            if statements:
                document = {"Version": "2012-10-17", "Statement": list(statements)}
                policy = json.dumps(document)
                iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
            key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }


READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with local_aws() as endpoint:
        made = Aws(endpoint)
        with contextlib.closing(made.client("s3")) as s3:
            s3.create_bucket(Bucket=BUCKET)
            for key in (KEY, "a b/ü+ö&(1)=%20~.log"):
                s3.put_object(Bucket=BUCKET, Key=key, Body=CONTENT)
        yield made


@pytest.fixture(scope="module")
def role(aws: Aws) -> dict[str, str]:
    """The keys of somebody who may what the deployed function may."""
    return aws.user(READ, LIST)


@contextlib.contextmanager
def function(**variables: str) -> Iterator[Any]:
    """The handler, cold, with these variables."""
    with mock.patch.dict(os.environ, variables):
        for name in NAMES:
            os.environ.pop(name, None)
        module = importlib.import_module("generate_presigned_url.handler")
        buckets: list[Bucket] = []
        real = Bucket.__init__

        def recording(self: Bucket, name: str) -> None:
            buckets.append(self)
            real(self, name)

        root = logging.getLogger()
        before = root.handlers[:], root.level
        try:
            with mock.patch.object(Bucket, "__init__", recording):
                yield importlib.reload(module).handler
        finally:
            root.handlers[:], root.level = before
            structlog.contextvars.clear_contextvars()
            for bucket in buckets:
                bucket.close()


def variables(aws: Aws, keys: dict[str, str], **others: str) -> dict[str, str]:
    return {
        "ENVIRONMENT": "local",
        "DOWNLOAD_BUCKET": BUCKET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws.endpoint,
        **keys,
        **others,
    }


@pytest.fixture
def handler(aws: Aws, role: dict[str, str]) -> Iterator[Any]:
    with function(**variables(aws, role)) as made:
        yield made


def ask(handler: Any, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    context = LambdaContext(function_name="lambda-fleet-local-generate-presigned-url")
    answer = handler(event, context)
    assert answer["headers"]["content-type"] == "application/json"
    body = json.loads(answer["body"])
    assert body["request_id"] == context.aws_request_id
    return answer["statusCode"], body


def http(query: dict[str, str] | None = None, body: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"version": "2.0", "requestContext": {"http": {"method": "GET"}}}
    if query is not None:
        event["queryStringParameters"] = query
    if body is not None:
        event["body"] = body
    return event


def test_the_answer_is_the_contracts(handler: Any) -> None:
    status, body = ask(handler, http({"key": KEY, "expiration": "600"}))
    assert status == 200
    assert httpx.get(body.pop("presigned_url"), trust_env=False).content == CONTENT
    body.pop("request_id")
    assert body == {
        "success": True,
        "bucket": BUCKET,
        "key": KEY,
        "operation": "download",
        "expiration_seconds": 600,
        "environment": "local",
        "function": "lambda-fleet-local-generate-presigned-url",
    }


@pytest.mark.parametrize(
    "event",
    [
        http({"key": KEY}),
        http({"object_key": KEY}),
        http({}, json.dumps({"key": KEY})),
        http(None, json.dumps({"object_key": KEY})),
        http({"key": "another"}, json.dumps({"key": KEY})),
        {"key": KEY},
        {"object_key": KEY},
        {"body": json.dumps({"key": KEY})},
        {"key": KEY, "bucket": BUCKET},
    ],
)
def test_a_key_comes_from_query_body_or_event(handler: Any, event: dict[str, Any]) -> None:
    status, body = ask(handler, event)
    assert (status, body["key"], body["expiration_seconds"]) == (200, KEY, 3600)


@pytest.mark.parametrize(("asked", "given"), [(1, 60), ("90.5", 90), (10**9, 43200)])
def test_the_link_is_good_for_the_time_that_is_said(
    handler: Any, asked: object, given: int
) -> None:
    _, body = ask(handler, {"key": KEY, "expiration": asked})
    query = parse_qs(urlsplit(body["presigned_url"]).query)
    assert body["expiration_seconds"] == given
    assert query["X-Amz-Expires"] == [str(given)]
    assert query["X-Amz-SignedHeaders"] == ["host"]


def test_any_key_downloads(handler: Any) -> None:
    key = "a b/ü+ö&(1)=%20~.log"
    status, body = ask(handler, {"key": key})
    assert (status, body["key"]) == (200, key)
    assert httpx.get(body["presigned_url"], trust_env=False).content == CONTENT


def test_a_link_is_for_its_object_and_for_reading_only(handler: Any) -> None:
    _, body = ask(handler, {"key": KEY})
    link = body["presigned_url"]
    other = link.replace(quote(KEY), "device-logs/other.log")
    assert other != link
    assert httpx.get(other, trust_env=False).status_code == 403
    assert httpx.put(link, content=b"x", trust_env=False).status_code == 403
    assert httpx.get(link.split("?")[0], trust_env=False).status_code == 403


@pytest.mark.parametrize(
    ("event", "field", "reason"),
    [
        (http({}), "key", "required"),
        (http(), "key", "required"),
        ({}, "key", "required"),
        (http({"key": ""}), "key", "1 to 1024 bytes"),
        (http({"key": "../secret"}), "key", "segment"),
        (http({"key": KEY, "expiration": "soon"}), "expiration", "number of seconds"),
        (http({"key": KEY, "bucket": "elsewhere"}), "bucket", "cannot be chosen"),
        (http(None, "{not json"), "body", "not a JSON object"),
        (http(None, "[]"), "body", "not a JSON object"),
    ],
)
def test_a_bad_request_is_400_with_the_reason(
    handler: Any, event: dict[str, Any], field: str, reason: str
) -> None:
    status, body = ask(handler, event)
    assert status == 400
    assert body["success"] is False
    (named,) = body["error"]["fields"]
    assert named["field"] == field
    assert reason in named["reason"]


def test_an_object_that_is_not_there_is_404(handler: Any) -> None:
    status, body = ask(handler, {"key": "device-logs/none.log"})
    assert (status, body["error"]["code"]) == (404, "not_found")
    assert "presigned_url" not in body


@pytest.mark.parametrize("permissions", [[], [LIST]], ids=["none", "list only"])
def test_no_access_is_403(aws: Aws, permissions: list[dict[str, Any]]) -> None:
    with function(**variables(aws, aws.user(*permissions))) as handler:
        status, body = ask(handler, {"key": KEY})
    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert "presigned_url" not in body


def test_storage_that_is_away_is_503_without_a_word_of_it(
    aws: Aws, role: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with function(**variables(aws, role, AWS_ENDPOINT_URL=endpoint)) as handler:
            status, body = ask(handler, {"key": KEY})
    assert status == 503
    assert body["error"] == {
        "code": "storage_unavailable",
        "message": "The storage does not answer; try again later.",
    }
    assert "ConnectionRefusedError" in capsys.readouterr().out


def test_storage_that_is_silent_is_503_before_the_function_times_out(
    aws: Aws, role: dict[str, str]
) -> None:
    assert 3 * bucket_module.TIMEOUT + 1 < 10
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            mock.patch.object(bucket_module, "TIMEOUT", 0.05),
            function(**variables(aws, role, AWS_ENDPOINT_URL=endpoint)) as handler,
        ):
            status, body = ask(handler, {"key": KEY})
    assert (status, body["error"]["code"]) == (503, "storage_unavailable")


@pytest.mark.parametrize("status", [500, 503, 301, 400])
def test_storage_that_fails_is_503(aws: Aws, role: dict[str, str], status: int) -> None:
    with serving() as server:
        server.script(Reply(status, b"<Error><Code>inner</Code></Error>"))
        with function(**variables(aws, role, AWS_ENDPOINT_URL=server.url)) as handler:
            answered, body = ask(handler, {"key": KEY})
    assert answered == 503
    assert "inner" not in json.dumps(body)


def test_a_link_of_a_role_carries_its_token(aws: Aws, role: dict[str, str]) -> None:
    with serving() as server:
        given = variables(aws, role, AWS_ENDPOINT_URL=server.url)
        with function(**given) as handler, mock.patch.dict(os.environ, AWS_SESSION_TOKEN="t/+="):
            _, body = ask(handler, {"key": KEY})
    assert parse_qs(urlsplit(body["presigned_url"]).query)["X-Amz-Security-Token"] == ["t/+="]
    assert server.requests[0].headers["x-amz-security-token"] == "t/+="


@pytest.mark.parametrize(
    ("bucket", "base"),
    [
        ("downloads", "https://downloads.s3.eu-west-1.amazonaws.com/"),
        ("down.loads", "https://s3.eu-west-1.amazonaws.com/down.loads/"),
    ],
)
def test_on_aws_the_bucket_is_in_the_host_when_its_certificate_covers_it(
    role: dict[str, str], bucket: str, base: str
) -> None:
    with mock.patch.dict(os.environ, {"AWS_REGION": "eu-west-1", **role}):
        for name in (*NAMES, "AWS_ENDPOINT_URL"):
            os.environ.pop(name, None)
        link = Bucket(bucket).link("a b/é.log", 60)
    assert link.startswith(f"{base}a%20b/%C3%A9.log?X-Amz-Algorithm=AWS4-HMAC-SHA256&")


def test_the_smoke_test_checks_the_bucket(handler: Any) -> None:
    answer = handler({"test": True}, LambdaContext(function_name="fn"))
    assert answer == {
        "statusCode": 200,
        "checks": {"bucket": "ok"},
        "function": "fn",
        "version": "7",
    }


@pytest.mark.parametrize("permissions", [[], [READ], [LIST]], ids=["none", "no list", "no read"])
def test_the_smoke_test_needs_every_permission(aws: Aws, permissions: list[dict[str, Any]]) -> None:
    keys = aws.user(*permissions)
    with function(**variables(aws, keys)) as handler, pytest.raises(SmokeFailed, match="bucket"):
        handler({"test": True}, LambdaContext())


def test_the_smoke_test_misses_a_bucket(aws: Aws) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    given = variables(aws, keys, DOWNLOAD_BUCKET="no-such-bucket")
    with function(**given) as handler, pytest.raises(SmokeFailed, match="bucket"):
        handler({"test": True}, LambdaContext())


def test_storage_that_fails_fails_the_smoke_test(aws: Aws, role: dict[str, str]) -> None:
    with serving() as server:
        server.script(Reply(404), Reply(400))
        given = variables(aws, role, AWS_ENDPOINT_URL=server.url)
        with function(**given) as handler, pytest.raises(SmokeFailed, match="AwsError"):
            handler({"test": True}, LambdaContext())


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_sample_events_are_answered_as_they_expect(handler: Any, path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    answer = handler(sample["event"], LambdaContext())
    assert answer.items() >= sample["expect"].items()
    assert sample["description"]


def test_no_link_signature_or_key_is_ever_logged(
    aws: Aws, role: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with function(**variables(aws, role, LOG_LEVEL="DEBUG")) as handler:
        links = [ask(handler, {"key": KEY})[1]["presigned_url"] for _ in range(2)]
        ask(handler, {"key": "none"})
        handler({"test": True}, LambdaContext())
        broken = mock.Mock(side_effect=RuntimeError(links[0]))
        with mock.patch.object(Bucket, "link", broken):
            status, body = ask(handler, {"key": KEY})
    assert status == 500
    out = capsys.readouterr()
    written = out.out + out.err + json.dumps(body)
    assert "RuntimeError" in written
    for link in links:
        signature = parse_qs(urlsplit(link).query)["X-Amz-Signature"][0]
        assert signature not in written
    assert "X-Amz-Signature" not in written
    assert role["AWS_SECRET_ACCESS_KEY"] not in written


@pytest.mark.parametrize("bucket", ["", "Upper", "a", "a/b", "x" * 64])
def test_a_bad_bucket_fails_the_start(aws: Aws, role: dict[str, str], bucket: str) -> None:
    given = variables(aws, role, DOWNLOAD_BUCKET=bucket)
    with pytest.raises(ConfigurationError, match="DOWNLOAD_BUCKET is not valid"), function(**given):
        pass
