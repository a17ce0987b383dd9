"""What is asked for, and what is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from function_kit.http_api import HttpError
from pydantic import BaseModel, ConfigDict

from api_docs_generator import web
from api_docs_generator.web import Content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from function_kit.s3 import Bucket

    from api_docs_generator.catalog import Catalog, Document

_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"


class Publication(BaseModel):
    """What a direct invocation asks for; `api` is an API's id or name, the first by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["openapi", "html"]
    api: str | None = None


class Site:
    """The documentation's routes."""

    def __init__(self, catalog: Catalog, bucket: Bucket) -> None:
        """Take the documents, and where pages go."""
        self._catalog = catalog
        self._bucket = bucket
        self._contents: dict[str, Content] = {}

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request that came through API Gateway.

        Raises:
            HttpError: 404, there is no such thing; 503, it cannot be had now.
        """
        route = event.get("routeKey")
        wanted = (event.get("queryStringParameters") or {}).get("api")
        if route == "GET /docs":
            return web.answer(event, self._page(wanted))
        if route == "GET /openapi.json":
            return web.answer(event, self._document(wanted, event["requestContext"]))
        if route == "GET /docs/{asset+}":
            return web.answer(event, self._asset(event["pathParameters"]["asset"]))
        raise HttpError(404, "not_found", "There is no such page.")

    def publish(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Look at every API anew, and write its document or its page to the bucket.

        Args:
            event: See `Publication`.

        Returns:
            What was written, and with `openapi` the document asked for.

        Raises:
            ValidationError: The event is none of these.
            HttpError: 404, there is no such API; 503, it cannot be described.
            AwsError: The bucket did not take it.
        """
        wanted = Publication.model_validate(event)
        documents = self._catalog.documents(now=True)
        chosen = _choose(documents, wanted.api)
        written = [self._write(document, wanted.format) for document in documents]
        answer = {
            "statusCode": HTTPStatus.OK.value,
            "format": wanted.format,
            "documents": written,
        }
        return answer | ({"openapi": chosen.content} if wanted.format == "openapi" else {})

    def check_viewer(self) -> None:
        """For smoke tests: see that the image has every file of the page."""
        from api_docs_generator import viewer  # noqa: PLC0415 - as below

        viewer.assets()

    def _write(self, document: Document, kind: str) -> dict[str, Any]:
        from api_docs_generator import viewer  # noqa: PLC0415 - as below

        if kind == "openapi":
            key = f"{document.api_id}/openapi.json"
            self._bucket.put(key, document.body, _JSON)
        else:
            key = f"{document.api_id}/index.html"
            self._bucket.put(key, viewer.single_file(document).encode(), _HTML)
        return {
            "api": document.name,
            "key": key,
            "operations": document.operations,
            "warnings": list(document.warnings),
        }

    def _page(self, wanted: str | None) -> Content:
        # Reading and hashing the viewer's files is not for a start that serves a document.
        from api_docs_generator import viewer  # noqa: PLC0415

        documents = self._catalog.documents()
        document = _choose(documents, wanted)
        headers = {
            "content-security-policy": viewer.policy(documents),
            "referrer-policy": "no-referrer",
        }
        return Content(viewer.page(document, documents).encode(), _HTML, headers=headers)

    def _document(self, wanted: str | None, request: Mapping[str, Any]) -> Content:
        document = _choose(self._catalog.documents(), wanted)
        host = request.get("domainName", "")
        elsewhere = request.get("apiId") == document.api_id and not any(
            host in server for server in document.servers
        )
        if elsewhere:
            document = document.served_here()
        return self._kept(document.digest, document.body, _JSON)

    def _asset(self, name: str) -> Content:
        from api_docs_generator import viewer  # noqa: PLC0415 - as above

        asset = viewer.served().get(name)
        if asset is None:
            raise HttpError(404, "not_found", "The page has no such file.")
        return self._kept(asset.name, asset.body, asset.content_type, web.FOREVER)

    def _kept(
        self, name: str, body: bytes, content_type: str, cache_control: str = web.REVALIDATE
    ) -> Content:
        """A content that is compressed once."""
        if name not in self._contents:
            self._contents[name] = Content(body, content_type, cache_control)
        return self._contents[name]


def _choose(documents: Sequence[Document], wanted: str | None) -> Document:
    """The document of an API by its id or name, the first one by default."""
    if not documents:
        message = "The API cannot be described now; try again later."
        raise HttpError(503, "documentation_unavailable", message)
    if wanted is None:
        return documents[0]
    for document in documents:
        if wanted in {document.api_id, document.name}:
            return document
    raise HttpError(404, "unknown_api", "There is no API of this id or name here.")
