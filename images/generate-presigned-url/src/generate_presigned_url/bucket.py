"""The bucket that downloads come from."""

from __future__ import annotations

from typing import Final

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi, endpoint, region
from function_kit.sigv4 import encode

# Seconds. Three attempts, and the pauses between them, end before Lambda's 10 s do.
TIMEOUT: Final = 2.5
_OK: Final = 200
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
# No object has this key; asking for it shows whether S3 lets the role look.
_PROBE: Final = ".lambda-fleet-smoke-test"


class ObjectMissing(Exception):  # noqa: N818 - an answer, not a malfunction
    """The bucket holds no object of that key."""


class AccessRefused(Exception):  # noqa: N818 - an answer, not a malfunction
    """S3 does not let the function's role read that object."""


class Bucket:
    """One bucket, read with the execution role's credentials."""

    def __init__(self, name: str) -> None:
        """Keep the bucket's address; nothing is sent yet.

        On AWS the bucket is in the host's name, which its TLS certificate covers unless the
        name has dots; then, and with an endpoint of one's own, it is in the path.
        """
        address = endpoint("s3", region(), f"{name}.")
        in_host = f"//{name}.s3." in address and "." not in name
        self._base = address if in_host else endpoint("s3", region())
        self._prefix = "/" if in_host else f"/{name}/"
        self._api = SignedApi("s3", base=self._base, timeout=TIMEOUT)

    def require(self, key: str) -> None:
        """See that an object is there and may be read.

        Raises:
            ObjectMissing: There is none.
            AccessRefused: The role may not read it; or may not list the bucket, and then S3
                does not tell whether there is one.
            AwsError: S3 could not answer.
        """
        answer = self._api.call("HEAD", self._path(key))
        if answer.status == _NOT_FOUND:
            raise ObjectMissing
        if answer.status == _FORBIDDEN:
            raise AccessRefused
        if answer.status != _OK:
            raise AwsError(str(answer.status), "looking for the object failed", answer.status)

    def link(self, key: str, seconds: int) -> str:
        """A URL that lets whoever has it download the object for a while.

        It is signed with the role's temporary credentials and dies with them: Lambda renews
        them every few hours, so a link for 12 hours may end sooner.

        Args:
            key: The object's key.
            seconds: How long the link is good at most.
        """
        path = self._path(key)
        query = self._api.signer().presigned_query("GET", self._api.host, path, seconds)
        return f"{self._base}{path}?{query}"

    def check(self) -> None:
        """For smoke tests: see that the bucket is there and its objects can be looked up.

        Raises:
            AccessRefused: The role may not.
            AwsError: S3 could not answer, or there is no such bucket.
        """
        try:
            self.require(_PROBE)
        except ObjectMissing:
            self._require_bucket()

    def close(self) -> None:
        """Close the connections to S3."""
        self._api.close()

    def _require_bucket(self) -> None:
        answer = self._api.call("HEAD", self._prefix.rstrip("/") or "/")
        if answer.status == _FORBIDDEN:
            raise AccessRefused
        if answer.status != _OK:
            raise AwsError(str(answer.status), "looking for the bucket failed", answer.status)

    def _path(self, key: str) -> str:
        return self._prefix + encode(key, "/")
