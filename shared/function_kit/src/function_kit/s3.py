"""Objects of one S3 bucket, through `signed_api`: no botocore, for small objects."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote_plus

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi, code, endpoint, region
from function_kit.sigv4 import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from function_kit.signed_api import Answer

_FAILED: Final = 400
_NOT_FOUND: Final = 404
_METADATA: Final = "x-amz-meta-"
_REFUSED: Final = {409, 412}  # a write at the same time; a condition that does not hold
# A listing is a flat list of elements without attributes. An XML parser costs every cold start.
_ENTRY: Final = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)


class Stored(NamedTuple):
    """An object as it was read. `modified` is an HTTP date."""

    body: bytes
    etag: str
    modified: str


class Entry(NamedTuple):
    """An object as a listing has it. `modified` is ISO 8601, UTC."""

    key: str
    etag: str
    size: int
    modified: str


class Changed(Exception):  # noqa: N818 - a finding, not an error
    """The object is not what the writer took it for."""


class Bucket:
    """One bucket, used with the execution role's credentials. Threads may share it."""

    def __init__(self, name: str, timeout: float) -> None:
        """Keep the bucket's address; nothing is sent yet.

        On AWS the bucket is in the host's name, which its TLS certificate covers unless the
        name has dots; then, and with an endpoint of one's own, it is in the path.

        Args:
            name: The bucket's name.
            timeout: Seconds for each of connecting and reading; a call is tried three times.
        """
        address = endpoint("s3", region(), f"{name}.")
        in_host = f"//{name}.s3." in address and "." not in name
        self.base = address if in_host else endpoint("s3", region())
        self.api = SignedApi("s3", base=self.base, timeout=timeout)
        self._prefix = "/" if in_host else f"/{name}/"

    @property
    def root(self) -> str:
        """The path of the bucket itself, as it is sent."""
        return self._prefix.rstrip("/") or "/"

    def path(self, key: str) -> str:
        """The path of an object, as it is sent."""
        return self._prefix + encode(key, "/")

    def get(self, key: str) -> bytes | None:
        """What is in an object; None when there is none.

        Raises:
            AwsError: S3 refused or could not answer. `AccessDenied` is also its answer where an
                object is not there and the role may not list the bucket.
        """
        stored = self.read(key)
        return None if stored is None else stored.body

    def read(self, key: str) -> Stored | None:
        """What is in an object and its ETag; None when there is none.

        Raises:
            AwsError: As `get`.
        """
        answer = self.api.call("GET", self.path(key))
        if answer.status == _NOT_FOUND and code(answer) in {"NoSuchKey", "404"}:
            return None
        body = _done(answer, "reading an object failed").body
        headers = answer.headers
        return Stored(body, headers.get("etag", ""), headers.get("last-modified", ""))

    def metadata(self, key: str) -> dict[str, str] | None:
        """What S3 keeps with an object, by names in lower case; None when there is no object.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        answer = self.api.call("HEAD", self.path(key))
        if answer.status == _NOT_FOUND:
            return None
        headers = _done(answer, "looking for an object failed").headers
        return {
            name.removeprefix(_METADATA): value
            for name, value in headers.items()
            if name.startswith(_METADATA)
        }

    def put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        *,
        metadata: Mapping[str, str] | None = None,
        replaces: str | None = None,
    ) -> str:
        """Write an object.

        Args:
            key: Its key.
            body: What to write.
            content_type: Its media type.
            metadata: What S3 keeps with it, in ASCII.
            replaces: The ETag of what may be overwritten, "" for nothing. None: anything.

        Returns:
            The ETag.

        Raises:
            Changed: Something else than `replaces` is there. Also when this very write was done
                and its answer was lost.
            AwsError: S3 refused or could not answer.
        """
        headers = {"content-type": content_type}
        headers |= {f"{_METADATA}{name}": value for name, value in (metadata or {}).items()}
        if replaces is not None:
            headers |= {"if-match": replaces} if replaces else {"if-none-match": "*"}
        answer = self.api.call("PUT", self.path(key), headers=headers, body=body)
        if replaces is not None and answer.status in _REFUSED | {_NOT_FOUND}:
            raise Changed(key)
        return _done(answer, "writing an object failed").headers.get("etag", "")

    def delete(self, key: str, etag: str | None = None) -> None:
        """Delete an object, if there is one.

        Args:
            key: Its key.
            etag: Of what may be deleted; None for anything.

        Raises:
            Changed: Something else than `etag` is there.
            AwsError: S3 refused or could not answer.
        """
        headers = {} if etag is None else {"if-match": etag}
        answer = self.api.call("DELETE", self.path(key), headers=headers)
        if etag is not None and answer.status in _REFUSED:
            raise Changed(key)
        if answer.status != _NOT_FOUND:
            _done(answer, "deleting an object failed")

    def entries(self, prefix: str, *, after: str = "") -> Iterator[Entry]:
        """The objects under a prefix in the order of their keys, page after page.

        Args:
            prefix: What keys begin with.
            after: The key behind which the listing begins.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        # In order of the names, as a signature wants them.
        query = f"encoding-type=url&list-type=2&prefix={encode(prefix)}"
        start, token = f"&start-after={encode(after)}" if after else "", ""
        while True:
            more = f"continuation-token={encode(token)}&" if token else ""
            answer = self.api.call("GET", f"{self.root}?{more}{query}{start}")
            page = _done(answer, "listing a bucket failed").body.decode()
            for entry in _ENTRY.findall(page):
                yield _entry(entry)
            token = _element(page, "NextContinuationToken")
            if not token:
                return

    def require(self) -> None:
        """See that the bucket is there and may be listed.

        Raises:
            AwsError: It is not or may not be, or S3 could not answer.
        """
        _done(self.api.call("HEAD", self.root), "looking for a bucket failed")

    def close(self) -> None:
        """Close the connections to S3."""
        self.api.close()


def _done(answer: Answer, problem: str) -> Answer:
    if answer.status >= _FAILED:
        raise AwsError(code(answer), problem, answer.status)
    return answer


def _element(xml: str, name: str) -> str:
    return unescape(xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0])


def _entry(xml: str) -> Entry:
    return Entry(
        unquote_plus(_element(xml, "Key")),
        _element(xml, "ETag"),
        int(_element(xml, "Size")),
        _element(xml, "LastModified"),
    )
