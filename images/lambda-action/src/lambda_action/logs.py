"""Logs of the service: standard output as everywhere, and a file and syslog where set."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from function_kit import logging as kit

if TYPE_CHECKING:
    from lambda_action.settings import GatewaySettings

_BYTES: Final = 10 * 1024 * 1024
_BACKUPS: Final = 5
_NAME: Final = "lambda_action.copies"


def configure(service: str, settings: GatewaySettings, number: int | None = None) -> None:
    """Set logging up for this process.

    Args:
        service: The name on each line.
        settings: `log_level`, `log_file` and `syslog` count.
        number: Of the process among those that serve. Each has a file of its own, `name-0.log`:
            a file that several processes turn over loses lines.
    """
    kit.configure(service=service, level=settings.log_level)
    copies = logging.getLogger(_NAME)
    copies.propagate = False
    copies.setLevel(logging.DEBUG)
    for old in list(copies.handlers):
        copies.removeHandler(old)
        old.close()
    if settings.log_file:
        file = Path(settings.log_file)
        if number is not None:
            file = file.with_stem(f"{file.stem}-{number}")
        copies.addHandler(
            logging.handlers.RotatingFileHandler(
                file, maxBytes=_BYTES, backupCount=_BACKUPS, encoding="utf-8"
            )
        )
    if settings.syslog:
        host, _, port = settings.syslog.rpartition(":")
        copies.addHandler(logging.handlers.SysLogHandler((host, int(port))))
    if copies.handlers:
        processors = structlog.get_config()["processors"]
        structlog.configure(processors=[*processors, _copy])


def _copy(_logger: Any, method: str, line: Any) -> Any:
    """Pass a finished line on: JSON, secrets taken out."""
    level = logging.getLevelNamesMapping().get(method.upper(), logging.INFO)
    logging.getLogger(_NAME).log(level, "%s", line)
    return line
