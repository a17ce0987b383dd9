"""Sends the digests that are due: `{"frequency": "daily"}`, `{"frequency": "weekly"}` or both."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit import http
from function_kit.handler import lambda_handler
from function_kit.metrics import Metrics
from function_kit.signed_api import SignedApi

from scheduled_digest import chain
from scheduled_digest.continuation import Successor, alias_of
from scheduled_digest.delivery import Backend
from scheduled_digest.ledger import Ledger
from scheduled_digest.models import Event
from scheduled_digest.monitors import Monitors
from scheduled_digest.settings import AWS_TIMEOUT, DigestSettings

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "scheduled-digest"


@cache
def _services(settings: DigestSettings) -> chain.Services:
    """The clients, made once, when the environment starts."""
    # One connection for each digest in flight, and one to read pages.
    connections = settings.digest_concurrency + 1
    client = http.client(max_connections=connections)
    return chain.Services(
        settings=settings,
        monitors=Monitors(client, settings.supabase_url, settings.supabase_service_role_key),
        backend=Backend(
            client, settings.backend_digest_endpoint, timeout=settings.digest_call_timeout
        ),
        ledger=Ledger(SignedApi("dynamodb", timeout=AWS_TIMEOUT), settings.digest_ledger_table),
        metrics=Metrics("LambdaFleet", SERVICE, settings.environment),
    )


def _checks(settings: DigestSettings) -> dict[str, Callable[[], None]]:
    services = _services(settings)
    return {
        "supabase": services.monitors.check,
        "ledger": services.ledger.check,
        "backend": services.backend.check,
        "continuation": Successor(settings.aws_lambda_function_name).check,
    }


@lambda_handler(service=SERVICE, settings=DigestSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: DigestSettings) -> dict[str, Any]:
    """Run the digests, or go on where the run before left off.

    Args:
        event: See `models.Event`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        See `models.Result`.

    Raises:
        ValidationError: The event is not one of ours.
        PurgeError: All digests are done, but the purge had failed.
    """
    alias = alias_of(context.invoked_function_arn)
    successor = Successor(settings.aws_lambda_function_name, alias)
    link = chain.Link(_services(settings), successor, Event.model_validate(event), context)
    return dict(link.run())
