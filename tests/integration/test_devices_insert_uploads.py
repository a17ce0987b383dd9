"""insert-ppu-data and S3's events: what was put is stored, however late its event comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insert_ppu_data.uploads import UploadFailed

from tests.kit.database_server import Server
from tests.kit.insert import BUCKET, Function

BAD = {"patient_id": "", "treatment_data": {"timestamp": "2026-01-05T09:00:00Z"}}


def record(number: int) -> dict[str, Any]:
    data = {"timestamp": f"2026-01-05T09:{number % 60:02d}:00Z", "n": number}
    return {"patient_id": f"patient-{number}", "treatment_data": data}


def put(function: Function, key: str, *records: Any) -> dict[str, str]:
    """Put a file; what S3's event tells of it besides its key."""
    content = b"".join(json.dumps(item).encode() + b"\n" for item in records)
    found = function.s3.put_object(Bucket=BUCKET, Key=f"treatments/{key}", Body=content)
    return {"eTag": found["ETag"].strip('"'), "versionId": found["VersionId"]}


def etag(told: dict[str, str]) -> dict[str, str]:
    """The same, in a bucket without versions."""
    return {"eTag": told["eTag"]}


@pytest.fixture
def function(treatments: Function) -> Function:
    treatments.server.empty()
    return treatments


@pytest.fixture
def server(function: Function) -> Server:
    return function.server


def test_an_upload_is_stored(function: Function, server: Server) -> None:
    put(function, "new file+1", record(1), record(2))
    assert function.upload("treatments/new+file%2B1") == {
        "statusCode": 200, "stored": [{"inserted": 2, "already_stored": 0}],
    }  # fmt: skip
    assert len(server.rows()) == 2


def test_an_upload_that_cannot_be_stored_fails_loudly(function: Function, server: Server) -> None:
    put(function, "bad upload", record(1), BAD)
    with pytest.raises(UploadFailed, match=r"400 invalid_request: lines.2.patient_id: String"):
        function.upload("treatments/bad+upload")
    with pytest.raises(UploadFailed, match="404 not_found"):
        function.upload("treatments/gone")
    with pytest.raises(UploadFailed, match="another bucket"):
        function.upload("treatments/x", bucket="another")
    assert server.rows() == {}


def test_an_event_that_comes_late_is_of_what_was_put_then(
    function: Function, server: Server
) -> None:
    first = put(function, "late", record(1), record(2))
    second = put(function, "late", record(3))
    assert function.upload("treatments/late", **first)["stored"][0]["inserted"] == 2
    assert sorted(server.rows().values()) == ["patient-1", "patient-2"]
    assert function.upload("treatments/late", **second)["stored"][0]["inserted"] == 1
    assert sorted(server.rows().values()) == ["patient-1", "patient-2", "patient-3"]


def test_what_was_deleted_before_its_event_came_is_stored(
    function: Function, server: Server
) -> None:
    told = put(function, "deleted", record(1))
    marker = function.s3.delete_object(Bucket=BUCKET, Key="treatments/deleted")
    assert function.upload("treatments/deleted", **told)["stored"][0]["inserted"] == 1
    place = {"key": "treatments/deleted", "version_id": marker["VersionId"]}
    assert function({"object": place}).status == 404
    assert len(server.rows()) == 1


def test_without_versions_what_was_overwritten_fails_loudly(
    function: Function, server: Server
) -> None:
    first = etag(put(function, "unversioned", record(1)))
    second = etag(put(function, "unversioned", record(2)))
    with pytest.raises(UploadFailed, match="409 object_changed"):
        function.upload("treatments/unversioned", **first)
    assert server.rows() == {}
    function.upload("treatments/unversioned", **second)
    assert list(server.rows().values()) == ["patient-2"]


def test_a_caller_may_name_a_version_too(function: Function, server: Server) -> None:
    told = put(function, "named", record(1))
    put(function, "named", record(2))
    place = {"key": "treatments/named", "version_id": told["versionId"]}
    assert function({"object": place}).body["inserted"] == 1
    assert list(server.rows().values()) == ["patient-1"]
    assert function({"object": {**place, "version_id": "none"}}).status == 404
