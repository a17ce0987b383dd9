"""The bucket that downloads come from."""

from __future__ import annotations

from typing import Final

from function_kit import s3
from function_kit.aws_errors import AwsError

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


class Bucket(s3.Bucket):
    """The bucket, and links to its objects."""

    def __init__(self, name: str) -> None:
        """Keep the bucket's address; nothing is sent yet."""
        super().__init__(name, TIMEOUT)

    def find(self, key: str) -> None:
        """See that an object is there and may be read.

        Raises:
            ObjectMissing: There is none.
            AccessRefused: The role may not read it; or may not list the bucket, and then S3
                does not tell whether there is one.
            AwsError: S3 could not answer.
        """
        answer = self.api.call("HEAD", self.path(key))
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
        path = self.path(key)
        query = self.api.signer().presigned_query("GET", self.api.host, path, seconds)
        return f"{self.base}{path}?{query}"

    def check(self) -> None:
        """For smoke tests: see that the bucket is there and its objects can be looked up.

        Raises:
            AccessRefused: The role may not read objects.
            AwsError: S3 could not answer, there is no such bucket, or it may not be listed.
        """
        try:
            self.find(_PROBE)
        except ObjectMissing:
            self.require()
