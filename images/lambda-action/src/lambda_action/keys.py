"""The keys that tokens are signed with: one to sign, and one before it that is still good."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from function_kit import redaction

from lambda_action.settings import MIN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.secrets import Secret

# Seconds between two looks for a key that nobody here has heard of: a flood of tokens with
# invented ids must not become a flood of calls to Secrets Manager.
_PATIENCE: Final = 5.0


class WeakKey(Exception):  # noqa: N818 - a finding, like the kit's
    """The secret has no key of enough characters. The message never holds it."""


class Key(NamedTuple):
    """A key, and the id that tokens name it by."""

    id: str
    value: bytes

    def __repr__(self) -> str:
        """Nothing of the key."""
        return f"Key({self.id})"


class Keys:
    """The keys of one secret, read again when a token names one that is not among them."""

    def __init__(self, secret: Secret, clock: Callable[[], float] = time.monotonic) -> None:
        """Read nothing yet.

        Args:
            secret: The key, or a JSON object with `current` and, for a while, `previous`.
            clock: Seconds.
        """
        self._secret = secret
        self._clock = clock
        self._asked_at = -_PATIENCE
        self._text = ""
        self._keys: tuple[Key, ...] = ()

    def signing(self) -> Key:
        """The key to sign with.

        Raises:
            SecretError: It could not be read.
            WeakKey: It is too short.
        """
        return self._read(self._secret.get())[0]

    def verifying(self, key_id: str | None) -> tuple[Key, ...]:
        """The keys that a token may have been signed with.

        Args:
            key_id: The id that it names; None of a token that names none.

        Raises:
            SecretError: They could not be read.
            WeakKey: One is too short.
        """
        keys = self._read(self._secret.get())
        if key_id is None:
            return keys
        found = tuple(key for key in keys if key.id == key_id)
        if found or not self._may_ask():
            return found
        keys = self._read(self._secret.refresh())
        return tuple(key for key in keys if key.id == key_id)

    def _may_ask(self) -> bool:
        now = self._clock()
        if now - self._asked_at < _PATIENCE:
            return False
        self._asked_at = now
        return True

    def _read(self, text: str) -> tuple[Key, ...]:
        if text != self._text:
            self._keys = _parsed(text)
            self._text = text
        return self._keys


def _parsed(text: str) -> tuple[Key, ...]:
    values = [text]
    if text.lstrip().startswith("{"):
        values = _members(text)
    if not values or any(len(value) < MIN_KEY for value in values):
        raise WeakKey(f"each key of MODULE_SECRET_KEY must have at least {MIN_KEY} characters")
    for value in values:
        redaction.register(value)
    return tuple(Key(key_id(value), value.encode()) for value in values)


def _members(text: str) -> list[str]:
    try:
        members = json.loads(text)
    except ValueError:
        return []
    found = [members.get(name) for name in ("current", "previous")]
    if not isinstance(found[0], str):
        return []
    return [value for value in found if isinstance(value, str) and value]


def key_id(value: str) -> str:
    """What tokens name a key by: enough of its hash to tell it from others, and no more."""
    return hashlib.sha256(b"lambda-action key " + value.encode()).hexdigest()[:12]
