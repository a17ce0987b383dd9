"""Secrets and patient data taken out of whatever is about to be written down.

Three nets, from the surest to the broadest: values that are known to be secret because this
process fetched them (`register`), keys whose name says so, and text that looks like a
credential wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

REDACTED = "[REDACTED]"
_MAX_DEPTH = 12
_MIN_KNOWN_LENGTH = 6

# Compared against a key in lower case without separators.
_SECRET_KEY = re.compile(
    r"authorization|apikey|token|secret|passw|pwd|cookie|webhookurl|presignedurl|servicerole"
    r"|credential|signature|privatekey|accesskey|email|patient|connectionstring|dsn$"
)
_SEPARATORS = re.compile(r"[^a-z0-9]")

_TEXT = re.compile(
    # A presigned URL of S3 in either signature version, whole: its parts are worth nothing.
    r"""https?://[^\s"'<>]*[?&](?:X-Amz-Signature|Signature)=[^\s"'<>]*"""
    r"|X-Amz-(?:Signature|Credential|Security-Token)=[^\s&\"'<>]+"
    r"|https?://hooks\.slack(?:-gov)?\.com/[^\s\"'<>]+"
    r"|https?://(?:[a-z]+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/[^\s\"'<>]+"
    r"|https?://[^\s\"'<>/]*webhook\.office\.com/[^\s\"'<>]+"
    r"|\beyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*"
    r"|\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b"
    r"|\bsb_(?:secret|publishable)_[\w-]+"
    r"|\bxox[a-z]-[\w-]+|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    # An AWS secret key: 40 characters of base64 in mixed case, so that a commit is left alone.
    r"|(?<![\w/+=-])(?=[^\s]{0,39}[A-Z])(?=[^\s]{0,39}[a-z])(?=[^\s]{0,39}\d)"
    r"[A-Za-z0-9/+]{40}(?![\w/+=-])"
    r"|\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}\b"
)
_PREFIXED = re.compile(
    r"(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{6,}"
    r"|(://[^\s:/@\"']*:)[^\s@/\"']+(?=@)"
    r"|((?:password|passwd|pwd|secret|token|api_?-?key|authorization)[\"']?\s*[=:]\s*[\"']?)"
    r"(?!\[REDACTED\]|Bearer\b|Basic\b)[^\s\"',;&)}]+",
    re.IGNORECASE,
)

_known: set[str] = set()


def register(value: str) -> None:
    """Remember a secret's value, so that it is taken out wherever it turns up.

    Args:
        value: The secret. Values under six characters are left out: they would hit plain words.
    """
    if len(value) >= _MIN_KNOWN_LENGTH:
        _known.add(value)


def is_secret_key(key: str) -> bool:
    """Whether a value under this name is not to be written, whatever it is."""
    return _SECRET_KEY.search(_SEPARATORS.sub("", key.lower())) is not None


def redact_text(text: str) -> str:
    """The same text with everything that looks like a secret replaced."""
    for value in _known:
        if value in text:
            text = text.replace(value, REDACTED)
    text = _TEXT.sub(REDACTED, text)
    return _PREFIXED.sub(_keep_prefix, text)


def _keep_prefix(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None) + REDACTED


def redact(value: object, depth: int = 0) -> object:  # noqa: PLR0911 - one for each type
    """A copy of `value`, made of JSON's types, with secrets replaced at any depth.

    Args:
        value: Anything. Objects that JSON does not know become their redacted `repr`.
        depth: How deep in the whole `value` stands; what is too deep is cut off.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _MAX_DEPTH:
        return "[TOO DEEP]"
    if isinstance(value, Mapping):
        return {str(key): redact_item(str(key), item, depth) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return redact_text(repr(value))


def redact_item(key: str, value: object, depth: int = 0) -> object:
    """The value of one key of a mapping, redacted by the key's name and by what it holds."""
    if value is None or isinstance(value, bool) or not is_secret_key(key):
        return redact(value, depth + 1)
    return REDACTED
