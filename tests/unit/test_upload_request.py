"""What may be uploaded, and under which key."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from function_kit.http_api import HttpError
from hypothesis import given
from hypothesis import strategies as st
from presigned_url_s3_upload.request import UploadRequest, clean
from presigned_url_s3_upload.settings import UploadSettings
from pydantic import ValidationError

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
GOOD = {
    "filename": "a.log", "content_type": "text/plain", "size": 10, "device_id": "ppu-1",
}  # fmt: skip


def request(**fields: Any) -> UploadRequest:
    return UploadRequest.model_validate({**GOOD, **fields})


def settings(**values: Any) -> UploadSettings:
    return UploadSettings.model_validate(
        {"environment": "local", "upload_bucket": "uploads", **values}
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.log", "a.log"),
        ("a b+c.log", "a_b_c.log"),
        ("../../etc/passwd", "passwd"),
        ("C:\\logs\\today.log", "today.log"),
        ("/absolute/x.csv", "x.csv"),
        (".hidden", "hidden"),
        ("...a.log", "a.log"),
        ("Größe.log", "Größe.log"),
        ("Gro\u0308ße.log", "Größe.log"),
        ("日本.json", "日本.json"),
        ("a\x00b\r\nc.log", "a_b_c.log"),
        ("a\u202egol.exe", "a_gol.exe"),
        ("a%2Fb.log", "a_2Fb.log"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("no-extension", "no-extension"),
    ],
)
def test_a_name_keeps_what_every_system_takes(given: str, kept: str) -> None:
    assert clean(given) == kept


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    assert clean("x" * 500 + ".log") == "x" * 116 + ".log"
    assert len(clean("ü" * 500 + ".log").encode()) <= 120
    assert clean("a." + "e" * 300) == ("a." + "e" * 118)


@pytest.mark.parametrize("name", ["", "/", "..", "a/", "___", "\x00", "\ud800", 7, None, ["a"]])
def test_a_name_of_which_nothing_is_left_is_refused(name: Any) -> None:
    with pytest.raises(ValidationError, match="filename"):
        request(filename=name)


@given(st.text(max_size=300))
def test_any_name_makes_one_safe_key_or_is_refused(name: str) -> None:
    try:
        key = request(filename=name).key(NOW)
    except ValidationError:
        return
    folder, _, last = key.rpartition("/")
    assert folder == "uploads/ppu-1/2026/11/23"
    assert re.fullmatch(r"[0-9a-f]{32}-[\w.-]+", last)
    assert len(key.encode()) < 1024
    assert ".." not in key.split("/")


def test_two_files_of_one_name_are_two_objects() -> None:
    assert request().key(NOW) != request().key(NOW)


@pytest.mark.parametrize(
    "device",
    ["", "a/b", "..", "a..b", ".a", "-a", "a b", "a" * 65, "ü", "a\n", "a%2f", "a/../b", 7, None],
)
def test_a_device_that_could_leave_its_prefix_is_refused(device: Any) -> None:
    with pytest.raises(ValidationError, match="device_id"):
        request(device_id=device)


@pytest.mark.parametrize("size", [0, -1, 1.5, "10", True, None, float("nan")])
def test_a_size_is_a_whole_number_of_bytes(size: Any) -> None:
    with pytest.raises(ValidationError, match="size"):
        request(size=size)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content_type": "text/html"}, "content_type"),
        ({"content_type": "text/plain; charset=utf-8"}, "content_type"),
        ({"content_type": "*/*"}, "content_type"),
        ({"size": 1001}, "size"),
    ],
)
def test_what_the_function_does_not_take_is_refused_by_field(
    fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(HttpError) as refused:
        request(**fields).require_allowed(settings(upload_max_bytes=1000))
    assert refused.value.status == 400
    assert [problem["field"] for problem in refused.value.fields or []] == [field]


def test_the_largest_size_and_a_type_in_capitals_are_taken() -> None:
    request(size=1000, content_type="TEXT/Plain").require_allowed(settings(upload_max_bytes=1000))


def test_types_are_set_by_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ENVIRONMENT": "local",
        "UPLOAD_BUCKET": "uploads",
        "UPLOAD_CONTENT_TYPES": "image/png, text/html",
    }.items():
        monkeypatch.setenv(name, value)
    loaded = UploadSettings()
    assert loaded.upload_content_types == ("image/png", "text/html")


@pytest.mark.parametrize(
    "values",
    [
        {"upload_bucket": "Uploads"},
        {"upload_max_bytes": 0},
        {"upload_max_bytes": 6 * 1024**3},
        {"upload_content_types": ""},
        {"upload_content_types": "png"},
        {"upload_seconds": 5},
    ],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)
