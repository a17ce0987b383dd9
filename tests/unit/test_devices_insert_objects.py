"""What insert-ppu-data asks S3 for, and what becomes of S3's refusals."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from function_kit.http_api import HttpError
from insert_ppu_data.models import ObjectPlace
from insert_ppu_data.objects import Objects
from insert_ppu_data.settings import TreatmentSettings

from tests.kit.scripted import Reply, Scripted, serving

KEY = "treatments/a.ndjson"
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}


@pytest.fixture
def s3() -> Iterator[Scripted]:
    with serving() as scripted:
        yield scripted


@pytest.fixture
def objects(s3: Scripted) -> Iterator[Objects]:
    settings = TreatmentSettings(
        environment="local", db_secret_arn="x", treatment_bucket="a-bucket-of-a-test"
    )
    with mock.patch.dict("os.environ", {**VARIABLES, "AWS_ENDPOINT_URL": s3.url}):
        made = Objects(settings)
        yield made
        made.close()


def refused(objects: Objects, **place: str) -> HttpError:
    with pytest.raises(HttpError) as raised, objects.open(ObjectPlace(key=KEY, **place)):
        pass
    return raised.value


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", (403, "forbidden")),
        (404, "NoSuchKey", (404, "not_found")),
        (404, "NoSuchVersion", (404, "not_found")),
        (400, "InvalidArgument", (404, "not_found")),
        (405, "MethodNotAllowed", (404, "not_found")),
        (412, "PreconditionFailed", (409, "object_changed")),
        (416, "InvalidRange", (400, "invalid_request")),
        (400, "ExpiredToken", (503, "storage_unavailable")),
    ],
)
def test_each_refusal_is_told_anew(
    s3: Scripted, objects: Objects, status: int, code: str, expected: tuple[int, str]
) -> None:
    s3.script(Reply(status, f"<Error><Code>{code}</Code></Error>".encode()))
    first, second = refused(objects), refused(objects)
    assert (first.status, first.code) == (second.status, second.code) == expected
    # One that is raised twice holds on to whoever met it first.
    assert first is not second


def test_a_version_and_an_etag_are_asked_for(s3: Scripted, objects: Objects) -> None:
    with objects.open(ObjectPlace(key=KEY, version_id="a/b+c=", etag='"e"')):
        pass
    with objects.open(ObjectPlace(key=KEY)):
        pass
    versioned, newest = s3.requests
    assert versioned.path == f"/a-bucket-of-a-test/{KEY}?versionId=a%2Fb%2Bc%3D"
    assert versioned.headers["if-match"] == '"e"'
    assert newest.path == f"/a-bucket-of-a-test/{KEY}"
    assert "if-match" not in newest.headers
