"""The REST side as a Lambda function behind the HTTP API."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, Final

# First: it prepares a fast start for the imports below.
from function_kit.handler import lambda_handler
from mangum import Mangum

from lambda_action import admin, rest
from lambda_action.build import build
from lambda_action.credentials import default_source
from lambda_action.settings import GatewaySettings
from lambda_action.stores import open_stores

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE: Final = "lambda-action"


class _State:
    """An environment that is invoked is ready."""

    ready = True


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for the environment's life: connections belong to the loop that opened them."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


@cache
def _parts(settings: GatewaySettings) -> tuple[Any, Any]:
    """The stores and the application, made once, when the environment starts."""
    stores = _loop().run_until_complete(open_stores(settings))
    gateway = build(settings, stores.audit, stores.clients, default_source())
    return stores, Mangum(rest.application(gateway, _State()), lifespan="off")


def _checks(settings: GatewaySettings) -> dict[str, Callable[[], None]]:
    stores, _ = _parts(settings)
    return {
        "database": lambda: _loop().run_until_complete(stores.check()),
        "signing key": lambda: _signs(settings),
    }


def _signs(settings: GatewaySettings) -> None:
    from lambda_action.keys import Keys  # noqa: PLC0415 - for a smoke test alone

    _loop().run_until_complete(Keys(settings.module_secret_key).read())


@lambda_handler(service=SERVICE, settings=GatewaySettings, checks=_checks, api="lambda_action.api")
def handler(event: dict[str, Any], context: Any, settings: GatewaySettings) -> dict[str, Any]:
    """Answer one HTTP request, or do what an operator asks.

    Args:
        event: An HTTP API's (payload 2.0); or `{"gateway": "client.add", …}`, which only who may
            invoke the function itself can send.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        The answer in payload format 2.0; of an operator's event, see `admin.handle`.
    """
    _loop()
    if "gateway" in event and "requestContext" not in event:
        return admin.handle(event, settings)
    _, application = _parts(settings)
    answer: dict[str, Any] = application(event, context)
    return answer
