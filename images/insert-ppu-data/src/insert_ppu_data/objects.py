"""The bucket that objects of treatments are read from."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from function_kit.aws_errors import AwsError
from function_kit.http_api import HttpError
from function_kit.logging import get_logger
from function_kit.s3 import Bucket
from function_kit.sigv4 import query

from insert_ppu_data.ndjson import NotGzip, Place, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from insert_ppu_data.models import ObjectPlace
    from insert_ppu_data.settings import TreatmentSettings

# Seconds. Three attempts, and the pauses between them, end before Lambda's 6 s do.
_TIMEOUT: Final = 1.5
_PARTIAL: Final = 206  # Partial Content: S3 began where it was told to
_PROBE: Final = ".lambda-fleet-smoke-test"
_MISSING: Final = (404, "not_found", "There is no object with this key, or no such version of it.")
# By S3's code or status. Errors are made of it when they are raised: one that is kept keeps its
# traceback, and with it the event of everybody who ever met it.
_ERRORS: Final[dict[str | int, tuple[int, str, str]]] = {
    "InvalidArgument": _MISSING,  # an id that S3 never gave to a version
    403: (403, "forbidden", "This object may not be read."),
    404: _MISSING,
    405: _MISSING,  # the version is a mark that the object was deleted
    412: (409, "object_changed", "The object has changed; begin with it anew."),
    416: (400, "invalid_request", "The object has no such byte."),
}


class Opened(NamedTuple):
    """An object that is being read.

    Attributes:
        etag: Its version.
        blocks: Its bytes from `place` on, unpacked.
        packed: Whether they were gzip, in which S3 cannot go to a line.
        place: Where they begin.
    """

    etag: str
    blocks: Iterator[bytes]
    packed: bool
    place: Place


class Objects:
    """The objects of treatments."""

    def __init__(self, settings: TreatmentSettings) -> None:
        """Prepare to read; nothing is sent yet."""
        self._bucket = Bucket(settings.treatment_bucket, timeout=_TIMEOUT)
        self._prefix = settings.treatment_prefix

    @contextmanager
    def open(self, wanted: ObjectPlace) -> Iterator[Opened]:
        """Read an object.

        Raises:
            HttpError: It is not there, may not be read, has changed, or is damaged; or S3 does
                not answer.
        """
        outside = not {".", ".."}.isdisjoint(wanted.key.split("/"))
        if outside or not wanted.key.startswith(self._prefix):
            raise HttpError(403, "forbidden", f"Only keys that begin {self._prefix} may be read.")
        try:
            with self._bucket.api.download(self._path(wanted), _headers(wanted)) as got:
                place = Place(wanted.line, wanted.byte if got.status == _PARTIAL else 0)
                yield Opened(got.headers.get("etag", ""), *unpacked(got.pieces), place)
        except NotGzip as error:
            fields = [{"field": "object", "reason": str(error)}]
            raise HttpError(400, "invalid_object", "The object is damaged.", fields) from None
        except AwsError as error:
            if told := _ERRORS.get(error.code) or _ERRORS.get(error.status):
                raise HttpError(*told) from None
            get_logger().exception("storage_unavailable", code=error.code)
            message = "The storage does not answer; try again later."
            raise HttpError(503, "storage_unavailable", message) from None

    def _path(self, wanted: ObjectPlace) -> str:
        version = {"versionId": wanted.version_id} if wanted.version_id else {}
        return self._bucket.path(wanted.key) + query(version)

    def check(self) -> None:
        """For smoke tests: see that objects below the prefix can be looked up.

        The role must be able to list the bucket, or S3 says 403 of an object that is not there.

        Raises:
            AwsError: They cannot.
        """
        self._bucket.require()
        self._bucket.get(self._prefix + _PROBE)

    def close(self) -> None:
        """Close the connections to S3."""
        self._bucket.close()


def _headers(wanted: ObjectPlace) -> dict[str, str]:
    headers = {}
    if wanted.etag:
        headers["if-match"] = wanted.etag
    if wanted.byte:
        headers["range"] = f"bytes={wanted.byte}-"
    return headers
