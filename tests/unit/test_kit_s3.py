"""The kit's bucket: what it sends, and what it makes of the answers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from function_kit.aws_errors import AwsError
from function_kit.s3 import Bucket, Changed, Entry
from function_kit.signed_api import Answer

ETAG = '"9a0364b9e99bb480dd25e1f0284c8555"'


class Calls:
    """Answers calls in order, and keeps them."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = iter(answers)
        self.made: list[tuple[str, str, dict[str, str]]] = []

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        self.made.append((method, path, headers or {}))
        return next(self.answers)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


def bucket(*answers: Answer) -> tuple[Bucket, Calls]:
    made, calls = Bucket("lake", 1.0), Calls(*answers)
    made.api = calls  # type: ignore[assignment]
    return made, calls


def page(keys: list[str], token: str = "") -> Answer:
    entries = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2024-11-15T12:00:00.000Z</LastModified>"
        f"<ETag>&quot;1&quot;</ETag><Size>3</Size></Contents>"
        for key in keys
    )
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return Answer(200, {}, f"<ListBucketResult>{entries}{more}</ListBucketResult>".encode())


def refused(status: int, code: str) -> Answer:
    return Answer(status, {}, f"<Error><Code>{code}</Code></Error>".encode())


def test_a_listing_goes_on_until_there_is_no_token() -> None:
    lake, calls = bucket(page(["raw/a%2Bb.json"], "x/y="), page([]), page(["no"]))
    found = list(lake.entries("raw/", after="raw/0"))
    assert found == [Entry("raw/a+b.json", '"1"', 3, "2024-11-15T12:00:00.000Z")]
    queries = [parse_qs(urlsplit(path).query) for _, path, _ in calls.made]
    assert [query.get("continuation-token") for query in queries] == [None, ["x/y="]]
    assert {(query["prefix"][0], query["start-after"][0]) for query in queries} == {
        ("raw/", "raw/0")
    }


@pytest.mark.parametrize(
    ("replaces", "header"),
    [(None, {}), ("", {"if-none-match": "*"}), (ETAG, {"if-match": ETAG})],
)
def test_a_write_says_what_it_may_replace(replaces: str | None, header: dict[str, str]) -> None:
    lake, calls = bucket(Answer(200, {"etag": ETAG}, b""))
    metadata = {"entity": "box"}
    etag = lake.put("k", b"{}", "application/json", metadata=metadata, replaces=replaces)
    assert etag == ETAG
    sent = {"content-type": "application/json", "x-amz-meta-entity": "box"} | header
    assert calls.made == [("PUT", "/lake/k", sent)]


@pytest.mark.parametrize(
    "answer",
    [
        refused(412, "PreconditionFailed"),
        refused(409, "ConditionalRequestConflict"),
        refused(404, "NoSuchKey"),
    ],
)
def test_a_write_over_something_else_is_told(answer: Answer) -> None:
    lake, _ = bucket(answer)
    with pytest.raises(Changed):
        lake.put("k", b"", "text/plain", replaces=ETAG)


def test_without_a_condition_a_refusal_is_an_error() -> None:
    lake, _ = bucket(refused(404, "NoSuchBucket"))
    with pytest.raises(AwsError, match="NoSuchBucket"):
        lake.put("k", b"", "text/plain")


def test_what_is_read_has_its_etag_and_its_time() -> None:
    headers = {"etag": ETAG, "last-modified": "Fri, 15 Nov 2024 12:00:00 GMT"}
    lake, _ = bucket(Answer(200, headers, b"{}"), refused(404, "NoSuchKey"))
    assert lake.read("k") == (b"{}", ETAG, headers["last-modified"])
    assert lake.read("k") is None
