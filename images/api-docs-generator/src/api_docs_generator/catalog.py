"""The documents of all APIs, made anew when they are old and kept in the bucket."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger

from api_docs_generator.document import WARNING, Assembly

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.s3 import Bucket

    from api_docs_generator.descriptions import Descriptions
    from api_docs_generator.gateway import Api, Gateway

_WORKERS: Final = 8
_UNREAD: Final = "API Gateway could not be read: this is what was deployed when it last could be."
_NOTHING: Final = "smoke-test/nothing"


@dataclass(frozen=True)
class Document:
    """One API's OpenAPI document.

    Attributes:
        api_id: API Gateway's.
        content: The document.
        warnings: What could not be described, and why.
    """

    api_id: str
    content: dict[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The API's name."""
        return str(self.content["info"]["title"])

    @property
    def servers(self) -> list[str]:
        """Where the API is."""
        return [server["url"] for server in self.content["servers"]]

    @property
    def operations(self) -> int:
        """How many there are."""
        return sum(len(path) for path in self.content["paths"].values())

    def served_here(self) -> Document:
        """The same for a caller under another name of the API: that place comes first."""
        here = {"url": "./", "description": "Where this document comes from."}
        return replace(self, content=self.content | {"servers": [here, *self.content["servers"]]})

    @cached_property
    def body(self) -> bytes:
        """The document as it is sent."""
        return json.dumps(self.content, ensure_ascii=False, indent=1).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the body."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where documents come from and go to; `prefix` is what functions' names begin with."""

    gateway: Gateway
    descriptions: Descriptions
    bucket: Bucket
    prefix: str
    region: str


class Catalog:
    """The documents of some APIs."""

    def __init__(
        self,
        sources: Sources,
        api_ids: tuple[str, ...],
        refresh_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what is needed; nothing is read yet.

        Args:
            sources: Where documents come from.
            api_ids: The APIs.
            refresh_seconds: For how long a document is taken for current.
            clock: Seconds.
        """
        self._sources = sources
        self._api_ids = api_ids
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._documents: dict[str, Document] = {}
        self._read_at: float | None = None

    def documents(self, *, now: bool = False) -> list[Document]:
        """Every API's document, in their order; those that could not be had are missing.

        Args:
            now: Look again whatever their age.
        """
        read = self._read_at
        if now or read is None or self._clock() - read >= self._refresh_seconds:
            self._refresh()
            self._read_at = self._clock()
        return [self._documents[i] for i in self._api_ids if i in self._documents]

    def check_apis(self) -> None:
        """For smoke tests: see that every API can be read.

        Raises:
            AwsError: One cannot.
        """
        for api_id in self._api_ids:
            self._sources.gateway.read(api_id)

    def check_functions(self) -> None:
        """For smoke tests: see that every function may be asked, without running one.

        Raises:
            AwsError: One may not.
        """
        apis = [self._sources.gateway.read(api_id) for api_id in self._api_ids]
        for arn in _functions(apis):
            self._sources.descriptions.require_askable(arn)

    def check_bucket(self) -> None:
        """For smoke tests: see that the bucket can be read, searched and written.

        Raises:
            AwsError: It cannot.
        """
        self._sources.bucket.require()
        self._sources.bucket.get(_NOTHING)
        self._sources.bucket.put("smoke-test/written", b"", "text/plain")

    def _refresh(self) -> None:
        with ThreadPoolExecutor(_WORKERS) as pool:
            apis = dict(zip(self._api_ids, pool.map(self._api, self._api_ids), strict=True))
            arns = _functions([api for api in apis.values() if api])
            found = dict(zip(arns, pool.map(self._sources.descriptions.of, arns), strict=True))
        for api_id, api in apis.items():
            if api is None:
                self._fall_back(api_id)
                continue
            assembly = Assembly(api, found, self._sources.prefix, self._sources.region)
            self._keep(Document(api_id, assembly.document(), tuple(assembly.warnings)))

    def _api(self, api_id: str) -> Api | None:
        try:
            return self._sources.gateway.read(api_id)
        except AwsError:
            get_logger().exception("api_not_read", api=api_id)
            return None

    def _keep(self, document: Document) -> None:
        before = self._documents.get(document.api_id)
        self._documents[document.api_id] = document
        if before and before.digest == document.digest:
            return
        try:
            self._sources.bucket.put(_key(document.api_id), document.body, "application/json")
        except AwsError:
            # It is served all the same, and written when it changes, or when asked for.
            get_logger().exception("document_not_kept", api=document.api_id)

    def _fall_back(self, api_id: str) -> None:
        """What is in memory stays; without it, what the bucket has, with a warning."""
        if api_id in self._documents:
            return
        try:
            stored = self._sources.bucket.get(_key(api_id))
            content = json.loads(stored) if stored else None
        except (AwsError, ValueError):
            get_logger().exception("document_not_read", api=api_id)
            content = None
        if content:
            content["info"][WARNING] = _UNREAD
            self._documents[api_id] = Document(api_id, content, (_UNREAD,))


def _key(api_id: str) -> str:
    return f"{api_id}/openapi.json"


def _functions(apis: list[Api]) -> list[str]:
    """The ARNs of the functions behind some APIs, each once."""
    return list(dict.fromkeys(r.function for api in apis for r in api.routes if r.function))
