"""The shell around a function's own code: configuration, logs, smoke tests, metrics, errors."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from function_kit import logging, metrics, redaction, startup
from function_kit.secrets import Secret
from function_kit.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from function_kit.http_api import Handle

# What asks a function for the description of its API.
DESCRIBE: Final = {"describe": "openapi"}

type Check = Callable[[], None]
type Handler = Callable[[Any, Any], dict[str, Any]]


class SmokeFailed(Exception):  # noqa: N818 - a finding, part of the interface
    """A smoke test found a dependency that does not work; the message names each."""


class InvalidEvent(Exception):  # noqa: N818 - reaches callers as the error's type
    """The event is JSON, but not an object."""


class InvocationFailed(Exception):  # noqa: N818 - the same
    """Stands in for an exception whose message held a secret; its type and redacted text."""


def lambda_handler[S: Settings](
    *,
    service: str,
    settings: type[S],
    checks: Callable[[S], Mapping[str, Check]],
    api: str | None = None,
) -> Callable[[Handle[S]], Handler]:
    """Make a Lambda handler of `def handle(event, context, settings) -> dict`.

    At import, which is Lambda's init phase, it loads the settings, so that a bad variable fails
    there with its name. For each invocation it binds the logs, runs `handle`, writes the metrics
    out, and logs an exception before it raises it again.

    The event `{"test": true}` is a smoke test: every check runs, and the answer is
    `{"statusCode": 200, "checks": {name: "ok"}, "function": …, "version": …}`.

    The event `{"describe": "openapi"}` asks a function with an HTTP API what it answers there;
    see `function_kit.openapi`.

    Args:
        service: The function's short name, for logs.
        settings: What to load from the environment.
        checks: Gives the smoke test's checks by name; a check raises when it fails.
        api: The module that has the function's `OPERATIONS`, imported only to describe them.

    Raises:
        ConfigurationError: When the decorated module is imported with bad variables.
    """

    def decorate(handle: Handle[S]) -> Handler:
        loaded = load(settings)
        logging.configure(service=service, level=loaded.log_level)
        _prepare_secrets(loaded)
        smoke_checks = checks(loaded)

        @functools.wraps(handle)
        def handler(event: Any, context: Any) -> dict[str, Any]:
            logging.bind_invocation(context)
            try:
                if _object(event).get("test") is True:
                    return _smoke(smoke_checks, context)
                if api and event == DESCRIBE:
                    return _described(api)
                return handle(event, context, loaded)
            except Exception as error:  # noqa: BLE001 - logged, made safe and raised again
                logging.get_logger().exception("invocation_failed")
                raise _safe(error) from None
            finally:
                metrics.flush_all()

        startup.finish()
        return handler

    return decorate


def _prepare_secrets(settings: Settings) -> None:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Secret):
            value.prepare()


def _object(event: Any) -> dict[str, Any]:
    if isinstance(event, dict):
        return event
    raise InvalidEvent(f"the event must be a JSON object, not {type(event).__name__}")


def _smoke(checks: Mapping[str, Check], context: Any) -> dict[str, Any]:
    failed = []
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever a check finds, the others run too
            logging.get_logger().exception("smoke_check_failed", check=name)
            reason = redaction.redact_text(str(error))
            failed.append(f"{name} ({type(error).__name__}: {reason})")
    if failed:
        raise SmokeFailed("failed checks: " + "; ".join(failed))
    return {
        "statusCode": 200,
        "checks": dict.fromkeys(checks, "ok"),
        "function": context.function_name,
        "version": context.function_version,
    }


def _described(api: str) -> dict[str, Any]:
    # It imports what only a description needs.
    from function_kit.openapi import described  # noqa: PLC0415

    return {"statusCode": 200, "openapi": described(api)}


def _safe(error: Exception) -> Exception:
    """The exception itself, unless Lambda would write a secret down with its message."""
    text = str(error)
    redacted = redaction.redact_text(text)
    return error if redacted == text else InvocationFailed(f"{type(error).__name__}: {redacted}")
