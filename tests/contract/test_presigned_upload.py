"""The contract of presigned-url-s3-upload, against a real local S3 that enforces IAM."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
import httpx
import pytest
import structlog
from function_kit.handler import SmokeFailed
from presigned_url_s3_upload.form import Uploads

from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT
from tests.kit.services import local_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET = "uploads"
CONTENT = b"a line of the log\n"
ASKED = {
    "filename": "today.log",
    "content_type": "text/plain",
    "size": len(CONTENT),
    "device_id": "ppu-0042",
}
EVENTS = sorted((ROOT / "images" / "presigned-url-s3-upload" / "events").glob("*.json"))
WRITE = {
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/uploads/*",
}


ROOT_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def client(endpoint: str, service: str, keys: dict[str, str] = ROOT_KEYS) -> Any:
    return botocore.session.get_session().create_client(
        service, region_name="us-east-1", endpoint_url=endpoint,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with local_aws() as endpoint:
        with contextlib.closing(client(endpoint, "s3")) as s3:
            s3.create_bucket(Bucket=BUCKET)
        yield endpoint


def user(endpoint: str, *statements: dict[str, Any]) -> dict[str, str]:
    """The keys of a new user with just these permissions."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    with contextlib.closing(client(endpoint, "iam")) as iam:
        iam.create_user(UserName=name)
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@pytest.fixture(scope="module")
def role(aws: str) -> dict[str, str]:
    """The keys of somebody who may what the deployed function may."""
    return user(aws, WRITE)


@contextlib.contextmanager
def function(endpoint: str, keys: dict[str, str], **variables: str) -> Iterator[Any]:
    """The handler, cold, with these variables."""
    given = {
        "ENVIRONMENT": "local", "UPLOAD_BUCKET": BUCKET, "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }  # fmt: skip
    with mock.patch.dict(os.environ, {**given, **keys, **variables}):
        for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
            os.environ.pop(name, None)
        module = importlib.import_module("presigned_url_s3_upload.handler")
        made: list[Uploads] = []
        real = Uploads.__init__

        def recording(self: Uploads, *given: Any) -> None:
            made.append(self)
            real(self, *given)

        root = logging.getLogger()
        before = root.handlers[:], root.level
        try:
            with mock.patch.object(Uploads, "__init__", recording):
                yield importlib.reload(module).handler
        finally:
            root.handlers[:], root.level = before
            for uploads in made:
                uploads.close()
            structlog.contextvars.clear_contextvars()


@pytest.fixture
def handler(aws: str, role: dict[str, str]) -> Iterator[Any]:
    with function(aws, role) as made:
        yield made


def ask(handler: Any, **fields: Any) -> dict[str, Any]:
    answer = handler({**ASKED, **fields}, LambdaContext())
    assert answer["statusCode"] == 200, answer
    body: dict[str, Any] = json.loads(answer["body"])
    return body


def post(
    form: dict[str, Any], content: bytes = CONTENT, change: dict[str, str] | None = None
) -> httpx.Response:
    given = {**form["fields"], **(change or {})}
    return httpx.post(form["url"], data=given, files={"file": ("name", content)})


def stored(aws: str, key: str) -> dict[str, Any] | None:
    with contextlib.closing(client(aws, "s3")) as s3:
        try:
            found = s3.get_object(Bucket=BUCKET, Key=key)
        except s3.exceptions.NoSuchKey:
            return None
        return {"body": found["Body"].read(), "type": found["ContentType"]}


def test_what_is_posted_with_the_form_is_stored_under_its_key(handler: Any, aws: str) -> None:
    form = ask(handler)
    assert form["key"].startswith("uploads/ppu-0042/")
    assert form["key"].endswith("-today.log")
    assert post(form).status_code in {200, 201, 204}
    assert stored(aws, form["key"]) == {"body": CONTENT, "type": "text/plain"}
    soon = datetime.now(UTC) + timedelta(seconds=900)
    assert abs(datetime.fromisoformat(form["expires_at"]) - soon) < timedelta(seconds=30)


@pytest.mark.parametrize("difference", [-1, 1, 100_000])
def test_another_number_of_bytes_is_refused(handler: Any, aws: str, difference: int) -> None:
    form = ask(handler)
    content = CONTENT[:difference] if difference < 0 else CONTENT + b"x" * difference
    assert post(form, content).status_code in {400, 403}
    assert stored(aws, form["key"]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"Content-Type": "text/html"},
        {"key": "uploads/ppu-0043/stolen.log"},
        {"key": "uploads/ppu-0042/other.log"},
        {"key": "elsewhere.log"},
        {"x-amz-signature": "0" * 64},
        {"x-amz-date": "20200101T000000Z"},
        {"policy": "e30="},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_form_that_was_changed_is_refused(handler: Any, aws: str, change: dict[str, str]) -> None:
    form = ask(handler)
    assert post(form, change=change).status_code in {400, 403}
    assert stored(aws, change.get("key", form["key"])) is None


def test_an_expired_form_is_refused(handler: Any, aws: str) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    real = Uploads.form

    def late(self: Any, wanted: Any) -> Any:
        self._now = lambda: past
        return real(self, wanted)

    with mock.patch.object(Uploads, "form", late):
        form = ask(handler)
    assert post(form).status_code in {400, 403}
    assert stored(aws, form["key"]) is None


def test_whoever_has_a_form_and_the_function_itself_can_read_nothing(
    handler: Any, aws: str, role: dict[str, str]
) -> None:
    form = ask(handler)
    post(form)
    assert httpx.get(f"{form['url']}/{form['key']}").status_code == 403
    own = client(aws, "s3", role)
    with contextlib.closing(own):
        calls: tuple[Callable[[], Any], ...] = (
            lambda: own.get_object(Bucket=BUCKET, Key=form["key"]),
            lambda: own.list_objects_v2(Bucket=BUCKET),
            lambda: own.delete_object(Bucket=BUCKET, Key=form["key"]),
            lambda: own.put_object(Bucket=BUCKET, Key="elsewhere", Body=b""),
        )
        for refused in calls:
            with pytest.raises(own.exceptions.ClientError, match=r"AccessDenied|403"):
                refused()


def test_the_smoke_test_fails_where_a_form_would_not_be_honoured(aws: str) -> None:
    with function(aws, user(aws)) as handler, pytest.raises(SmokeFailed, match="bucket"):
        handler({"test": True}, LambdaContext())
    with (
        function(aws, user(aws, WRITE), UPLOAD_BUCKET="no-such-bucket") as handler,
        pytest.raises(SmokeFailed, match="bucket"),
    ):
        handler({"test": True}, LambdaContext())


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_sample_event_gets_its_answer(handler: Any, path: Any) -> None:
    sample = json.loads(path.read_text())
    answer = handler(sample["event"], LambdaContext())
    assert answer["statusCode"] == sample["expect"]["statusCode"]


def test_each_bad_field_has_its_reason(handler: Any) -> None:
    answer = handler({"filename": "a.log"}, LambdaContext())
    fields = json.loads(answer["body"])["error"]["fields"]
    assert {field["field"] for field in fields} == {"content_type", "size", "device_id"}
    assert all(field["reason"] for field in fields)


def test_no_form_is_ever_logged(handler: Any, capsys: pytest.CaptureFixture[str]) -> None:
    form = ask(handler)
    logged = "".join(capsys.readouterr())
    assert form["key"] in logged
    for secret in (form["fields"]["policy"], form["fields"]["x-amz-signature"]):
        assert secret not in logged


def test_the_described_answer_is_the_one_that_is_given(handler: Any) -> None:
    described = handler({"describe": "openapi"}, LambdaContext())["openapi"]
    schema = described["schemas"]["UploadForm"]
    assert set(ask(handler)) == set(schema["properties"]) == set(schema["required"])
