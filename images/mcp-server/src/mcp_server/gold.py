"""Objects of the gold bucket, each kept with its ETag and read again only when it changed."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from function_kit import s3
from function_kit.aws_errors import AwsError
from function_kit.signed_api import code

from mcp_server.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds. Three attempts, and the pauses between them, end long before Lambda's 30 s do.
TIMEOUT: Final = 5.0
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_NOT_FOUND: Final = 404
# Bytes of JSON that are kept; as Python objects they take about six times as much.
_KEEP_BYTES: Final = 12 * 1024 * 1024


class _Kept(NamedTuple):
    etag: str
    size: int
    value: Any


class Gold(s3.Bucket):
    """The bucket. Threads may share it."""

    def __init__(self, name: str, keep_bytes: int = _KEEP_BYTES) -> None:
        """Keep the bucket's address; nothing is sent yet.

        Args:
            name: The bucket's name.
            keep_bytes: How much JSON is kept; what was used longest ago goes first.
        """
        super().__init__(name, TIMEOUT)
        self._keep_bytes = keep_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def read[T](self, key: str, parse: Callable[[Any], T]) -> T | None:
        """What is in an object now; None when there is none. One request, whatever is kept.

        Args:
            key: The object's key.
            parse: Makes the value of its JSON; not called again for an object that did not
                change, and always the same for one key.

        Raises:
            StorageUnavailable: S3 cannot answer, does not let us, or the object is not what
                `parse` takes.
        """
        with self._lock:
            kept = self._kept.get(key)
        headers = {"if-none-match": kept.etag} if kept else {}
        try:
            answer = self.api.call("GET", self.path(key), headers=headers)
        except AwsError as error:
            raise StorageUnavailable(f"reading {key} failed: {error.code}") from None
        if answer.status == _NOT_MODIFIED and kept:
            value: T = kept.value
            self._keep(key, kept)
            return value
        if answer.status == _NOT_FOUND and code(answer) in {"NoSuchKey", "404"}:
            self._forget(key)
            return None
        if answer.status != _OK:
            raise StorageUnavailable(f"reading {key} failed: {code(answer)}")
        value = _parsed(key, answer.body, parse)
        self._keep(key, _Kept(answer.headers.get("etag", ""), len(answer.body), value))
        return value

    def _keep(self, key: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while sum(each.size for each in self._kept.values()) > self._keep_bytes:
                self._kept.popitem(last=False)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)


def _parsed[T](key: str, body: bytes, parse: Callable[[Any], T]) -> T:
    try:
        return parse(json.loads(body))
    except ValueError as error:  # pydantic's is one
        raise StorageUnavailable(f"{key} is not as it must be: {type(error).__name__}") from error
