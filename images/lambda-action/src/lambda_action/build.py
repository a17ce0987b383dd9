"""Puts a gateway together from settings, for either form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_kit.signed_api import endpoint

from lambda_action.gateway import Gateway, Limits
from lambda_action.keys import Keys
from lambda_action.lambda_api import LambdaApi, Retries
from lambda_action.limits import Places, Rates
from lambda_action.names import Allowed
from lambda_action.tokens import Tokens

if TYPE_CHECKING:
    from lambda_action.lambda_api import CredentialSource
    from lambda_action.ports import Audit, Clients
    from lambda_action.settings import GatewaySettings


def build(
    settings: GatewaySettings, audit: Audit, clients: Clients, source: CredentialSource
) -> Gateway:
    """The gateway of these settings.

    Args:
        settings: See the class.
        audit: Where invocations are written down.
        clients: Who may call.
        source: Whose keys calls of Lambda are signed with.
    """
    return Gateway(
        api=LambdaApi(
            endpoint("lambda", settings.aws_region),
            settings.aws_region,
            source,
            timeout=settings.request_timeout,
            retries=Retries(settings.max_retries, settings.retry_delay),
            connections=settings.max_concurrent_requests,
        ),
        tokens=Tokens(Keys(settings.module_secret_key), settings.jwt_expiration_seconds),
        clients=clients,
        audit=audit,
        allowed=Allowed.of(settings.lambda_function_prefix, settings.lambda_functions_allowed),
        places=Places(settings.max_concurrent_requests),
        rates=Rates(),
        limits=Limits(settings.max_payload_bytes, settings.max_batch, settings.audit_payloads),
        config={
            "region": settings.aws_region,
            "prefix": settings.lambda_function_prefix,
            "max_concurrent_requests": settings.max_concurrent_requests,
            "request_timeout": settings.request_timeout,
        },
    )
