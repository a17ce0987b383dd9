"""Describes the HTTP APIs as they are deployed: `GET /docs`, `GET /openapi.json`, or directly."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit.handler import lambda_handler
from function_kit.http_api import http_api
from function_kit.s3 import Bucket
from function_kit.signed_api import SignedApi, region

from api_docs_generator.catalog import Catalog, Sources
from api_docs_generator.descriptions import Descriptions
from api_docs_generator.gateway import Gateway
from api_docs_generator.settings import ASK_TIMEOUT, AWS_TIMEOUT, NAME, DocsSettings
from api_docs_generator.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _bucket(settings: DocsSettings) -> Bucket:
    """Made once, when the environment starts; so are the others."""
    return Bucket(settings.docs_bucket, AWS_TIMEOUT)


@cache
def _catalog(settings: DocsSettings) -> Catalog:
    bucket = _bucket(settings)
    # Twice at most: a function that hangs must not hold up the page.
    api = SignedApi("lambda", timeout=ASK_TIMEOUT, attempts=2)
    sources = Sources(
        gateway=Gateway(SignedApi("apigateway", timeout=AWS_TIMEOUT)),
        descriptions=Descriptions(api, bucket, settings.aws_lambda_function_name),
        bucket=bucket,
        prefix=settings.aws_lambda_function_name.removesuffix(NAME),
        region=region(),
    )
    return Catalog(sources, settings.api_ids, settings.refresh_seconds)


@cache
def _site(settings: DocsSettings) -> Site:
    return Site(_catalog(settings), _bucket(settings))


def _checks(settings: DocsSettings) -> dict[str, Callable[[], None]]:
    catalog = _catalog(settings)
    return {
        "apis": catalog.check_apis,
        "functions": catalog.check_functions,
        "bucket": catalog.check_bucket,
        "viewer": _site(settings).check_viewer,
    }


@lambda_handler(service=NAME, settings=DocsSettings, checks=_checks, api="api_docs_generator.api")
@http_api
def handler(event: dict[str, Any], context: Any, settings: DocsSettings) -> dict[str, Any]:
    """Answer with the page, a file of it or a document; or write them to the bucket.

    Args:
        event: An HTTP API's (payload 2.0), or `site.Publication`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        200, or 304 when the caller has it already; 404 for what there is not; 503 when an API
        cannot be described and never was. Directly, see `site.Site.publish`.
    """
    del context
    site = _site(settings)
    if "requestContext" in event:
        return site.answer(event)
    return site.publish(event)
