"""JSON logs on standard output, one object a line, with secrets taken out.

Every line has `timestamp` (UTC, ISO 8601), `level`, `event` and `service`, and inside an
invocation `aws_request_id`, `function_name`, `function_version` and `cold_start`. What
libraries log through the standard library's `logging` comes out in the same form.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Protocol

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.processors import StackInfoRenderer, TimeStamper, add_log_level, format_exc_info

from function_kit import redaction

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

_OWN_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_cold_start = True


class InvocationContext(Protocol):
    """The part of Lambda's context that identifies an invocation."""

    aws_request_id: str
    function_name: str
    function_version: str


class _StandardOutput:
    """Writes a line in one piece to whatever `sys.stdout` is now (Lambda replaces it)."""

    def write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = exception = msg = log = write


class _ToStructlog(logging.Handler):
    """Passes what libraries log through `logging` on to structlog, redacted like the rest."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        get_logger().log(
            record.levelno, message, logger=record.name, exc_info=record.exc_info or None
        )


def configure(*, service: str, level: str = "INFO") -> None:
    """Set up logging for this process. May be called again; the last call counts.

    Args:
        service: The function's short name, on every line as `service`.
        level: The least level that is written.
    """
    for name in _OWN_SECRETS:
        redaction.register(os.environ.get(name, ""))
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            merge_contextvars,
            add_log_level,
            _service(service),
            TimeStamper(fmt="iso", utc=True),
            StackInfoRenderer(),
            format_exc_info,
            _redact,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _StandardOutput(),
        cache_logger_on_first_use=False,
    )
    # Libraries are held to warnings: at INFO, httpx logs every URL and botocore its credentials.
    logging.basicConfig(handlers=[_ToStructlog()], level=max(number, logging.WARNING), force=True)


def get_logger() -> FilteringBoundLogger:
    """The logger. It picks up `configure` whenever that is called, so modules may keep it."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def bind_invocation(context: InvocationContext) -> None:
    """Put the invocation's identity on every line until the next call.

    `cold_start` is true for the first invocation of this execution environment only.

    Args:
        context: Lambda's context object.
    """
    global _cold_start  # noqa: PLW0603 - one execution environment is one process
    clear_contextvars()
    bind_contextvars(
        aws_request_id=context.aws_request_id,
        function_name=context.function_name,
        function_version=context.function_version,
        cold_start=_cold_start,
    )
    _cold_start = False


def _service(name: str) -> structlog.typing.Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = name
        return event

    return add


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: redaction.redact_item(key, value) for key, value in event.items()}


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)
