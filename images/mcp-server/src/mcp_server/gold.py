"""Objects of the gold bucket, each kept with its ETag and read again only when it changed."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

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
# No object has this key; asking for it shows whether S3 lets the role look.
_PROBE: Final = ".lambda-fleet-smoke-test"


class _Kept(NamedTuple):
    etag: str
    size: int
    value: Any
    asked: float


class Gold(s3.Bucket):
    """The bucket. Threads may share it."""

    def __init__(
        self,
        name: str,
        keep_bytes: int = _KEEP_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the bucket's address; nothing is sent yet.

        Args:
            name: The bucket's name.
            keep_bytes: How much JSON is kept; what was used longest ago goes first.
            clock: Seconds that only ever grow.
        """
        super().__init__(name, TIMEOUT)
        self._clock = clock
        self._keep_bytes = keep_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def current[T](self, key: str, parse: Callable[[Any], T], *, seconds: float = 0) -> T | None:
        """What is in an object; None when there is none. One request at most.

        Args:
            key: The object's key.
            parse: Makes the value of its JSON; not called again for an object that did not
                change, and always the same for one key.
            seconds: How long S3 need not be asked again whether it changed.

        Raises:
            StorageUnavailable: S3 cannot answer, does not let us, or the object is not what
                `parse` takes.
        """
        with self._lock:
            kept = self._kept.get(key)
        if kept and self._clock() - kept.asked < seconds:
            return cast("T", kept.value)
        headers = {"if-none-match": kept.etag} if kept else {}
        try:
            answer = self.api.call("GET", self.path(key), headers=headers)
        except AwsError as error:
            raise StorageUnavailable(f"reading {key} failed: {error.code}") from None
        if answer.status == _NOT_MODIFIED and kept:
            self._keep(key, kept._replace(asked=self._clock()))
            return cast("T", kept.value)
        if answer.status == _NOT_FOUND and code(answer) in {"NoSuchKey", "404"}:
            self._forget(key)
            return None
        if answer.status != _OK:
            raise StorageUnavailable(f"reading {key} failed: {code(answer)}")
        value = _parsed(key, answer.body, parse)
        etag = answer.headers.get("etag", "")
        self._keep(key, _Kept(etag, len(answer.body), value, self._clock()))
        return value

    def check(self) -> None:
        """For smoke tests: see that objects may be read, and missing ones told from forbidden.

        Raises:
            StorageUnavailable: They may not be read, or S3 cannot answer.
            AwsError: The bucket may not be listed.
        """
        self.current(_PROBE, lambda found: found)
        self.require()

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
