"""Keeping secrets out of reports, which end up in artifacts, mails and chats.

A report quotes what a function answered, and an answer may hold anything: what has the shape
of a secret is replaced before a report is written.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fleet.release.outcome import FunctionOutcome, Report

HIDDEN: Final = "[hidden]"
_NAMES: Final = (
    r"[\w.-]*(?:secret|password|passwd|pwd|token|api[_-]?key|access[_-]?key|credential"
    r"|private[_-]?key|authorization|cookie|signature)[\w.-]*"
)
_SECRET_KEY: Final = re.compile(f"(?i)^(?:{_NAMES}|auth)$")
_SHAPES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", HIDDEN),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
        (r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abeprs]-[\w-]{10,}", HIDDEN),
        (r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", HIDDEN),
        # What the smoke event's check says of an answer.
        (rf"(?is)(\$\.(?:[\w.]*\.)?{_NAMES} is ).*?(?=, not |\Z)", rf"\1{HIDDEN}"),
        (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}", rf"\1 {HIDDEN}"),
        # Of an address, neither who signs in nor what is asked: presigned URLs are bearer tokens.
        (r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@\"']+@", rf"\1{HIDDEN}@"),
        (r"(?i)\b(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+", rf"\1?{HIDDEN}"),
        (r"(?i)\bhttps://hooks\.[^\s\"'<>]+", f"https://{HIDDEN}"),
        (
            rf"(?i)([\"']?\b{_NAMES}[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;\"'}}\])]+)",
            rf"\1{HIDDEN}",
        ),
    )
)


def whole(report: Report) -> Report:
    """A copy of a report in which nothing has the shape of a secret."""
    functions = [_outcome(outcome) for outcome in report.functions]
    return replace(report, audit=text(report.audit), functions=functions)


def _outcome(outcome: FunctionOutcome) -> FunctionOutcome:
    return replace(
        outcome,
        reason=text(outcome.reason),
        todo=text(outcome.todo),
        notes=[text(note) for note in outcome.notes],
        looks=[replace(look, reason=text(look.reason)) for look in outcome.looks],
        smoke=tree(outcome.smoke),
    )


def text(value: str) -> str:
    """A text without what looks like a secret."""
    for shape, replacement in _SHAPES:
        value = shape.sub(replacement, value)
    return value


def tree(value: Any) -> Any:
    """The same of every text in nested lists and mappings; values of secret names are hidden."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {key: HIDDEN if _is_secret(key, item) else tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [tree(item) for item in value]
    return value


def _is_secret(key: Any, value: Any) -> bool:
    return bool(value) and isinstance(value, str) and bool(_SECRET_KEY.match(str(key)))
