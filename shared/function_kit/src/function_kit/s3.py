"""Objects of one S3 bucket, through `signed_api`: no botocore, for small objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi, code, endpoint, region
from function_kit.sigv4 import encode

if TYPE_CHECKING:
    from function_kit.signed_api import Answer

_FAILED: Final = 400
_NOT_FOUND: Final = 404


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
        answer = self.api.call("GET", self.path(key))
        if answer.status == _NOT_FOUND and code(answer) in {"NoSuchKey", "404"}:
            return None
        return _done(answer, "reading an object failed").body

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write an object.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        headers = {"content-type": content_type}
        answer = self.api.call("PUT", self.path(key), headers=headers, body=body)
        _done(answer, "writing an object failed")

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
