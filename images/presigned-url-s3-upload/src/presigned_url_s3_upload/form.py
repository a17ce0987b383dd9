"""The form: what S3 is told to take, signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from function_kit.s3 import Bucket

from presigned_url_s3_upload.request import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from presigned_url_s3_upload.request import UploadRequest
    from presigned_url_s3_upload.settings import UploadSettings

# Seconds. Three attempts of the smoke test's write, and the pauses between, end before Lambda's 10.
TIMEOUT: Final = 2.5
_PROBE: Final = f"{PREFIX}.lambda-fleet-smoke-test"


class Form(NamedTuple):
    """What a client posts: the fields first, and then the file as the field `file`."""

    url: str
    fields: dict[str, str]
    key: str
    expires_at: datetime


class Uploads:
    """The bucket that is uploaded to."""

    def __init__(
        self, settings: UploadSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Keep the bucket's address; nothing is sent yet."""
        self._settings = settings
        self._now = now
        self._bucket = Bucket(settings.upload_bucket, TIMEOUT)

    def form(self, wanted: UploadRequest) -> Form:
        """A form for one file: this key, this type, this many bytes, until it expires."""
        now = self._now()
        expires_at = now + timedelta(seconds=self._settings.upload_seconds)
        key = wanted.key(now)
        fields = {"key": key, "Content-Type": wanted.content_type}
        conditions = [
            {"bucket": self._settings.upload_bucket},
            {"key": key},
            {"Content-Type": wanted.content_type},
            ["content-length-range", wanted.size, wanted.size],
        ]
        signed = self._bucket.api.signer().post_fields(conditions, expires_at)
        return Form(self._bucket.base + self._bucket.root, fields | signed, key, expires_at)

    def check(self) -> None:
        """For smoke tests: write an empty object, as whoever has a form would.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        self._bucket.put(_PROBE, b"", "application/octet-stream")

    def close(self) -> None:
        """Close the connections to S3."""
        self._bucket.close()
