"""The keys that tokens are signed with: one to sign, and one before it that is still good."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from function_kit import redaction
from function_kit.logging import get_logger
from function_kit.secrets import SecretError

from lambda_action.errors import KeyUnavailable
from lambda_action.settings import MIN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.secrets import Secret

# Seconds between two readings. Nobody signs with a key that was read more than twice as long ago
# without asking first: `fleet gateway key rotate` counts on five minutes.
_PERIOD: Final = 120.0
_MOMENT: Final = 1.0
# Seconds between two looks for a key that nobody here has heard of: a flood of tokens with
# invented ids must not become a flood of calls to Secrets Manager.
_PATIENCE: Final = 5.0

_log = get_logger()


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
    """The keys of one secret, as they are in memory: who signs or verifies waits for no store.

    They are read again in a thread, when it is time or when a token names one that is not among
    them, once for all who ask. One event loop uses them.
    """

    def __init__(self, secret: Secret, clock: Callable[[], float] = time.time) -> None:
        """Read nothing yet.

        Args:
            secret: The key, or a JSON object with `current` and, for a while, `previous`.
            clock: Seconds. Wall time, because a frozen environment's monotonic clock may stand
                still.
        """
        self._secret = secret
        self._clock = clock
        self._asked_at = self._read_at = -math.inf
        self._text = ""
        self._keys: tuple[Key, ...] = ()
        self._reading: asyncio.Task[None] | None = None

    def signing(self) -> Key:
        """The key to sign with.

        Raises:
            KeyUnavailable: None could be read so far.
        """
        return self._held()[0]

    def verifying(self, key_id: str | None) -> tuple[Key, ...]:
        """The keys that a token may have been signed with; none when its id is not known here.

        Args:
            key_id: The id that it names; None of a token that names none.

        Raises:
            KeyUnavailable: None could be read so far.
        """
        keys = self._held()
        return keys if key_id is None else tuple(key for key in keys if key.id == key_id)

    async def read(self) -> None:
        """Read them, for the first time.

        Raises:
            SecretError: They could not be read.
            WeakKey: One is too short.
        """
        await self._fetch(self._secret.get)

    async def renew(self) -> None:
        """Have them read again when it is time.

        Only when there are none, or nobody has looked for long, as in an environment that was
        frozen, is that waited for; in the latter case for a moment.
        """
        since = self._clock() - self._read_at
        if self._reading is None and not 0 <= since < (_PERIOD if self._keys else _PATIENCE):
            self._read_in_the_background()
            if self._keys and not 0 <= since < 2 * _PERIOD:
                await self._read_under_way(_MOMENT)
        if not self._keys:
            await self._read_under_way()

    async def look_for(self, key_id: str) -> None:
        """Read the secret anew for a key that nobody here knows, unless somebody just did."""
        await self._read_under_way()
        if not any(key.id == key_id for key in self._keys) and self._may_ask():
            self._read_in_the_background()
            await self._read_under_way()

    def _held(self) -> tuple[Key, ...]:
        if not self._keys:
            raise KeyUnavailable(
                "Tokens can neither be made nor checked at the moment. Please try again.",
                retry_after=_PATIENCE,
            )
        return self._keys

    def _may_ask(self) -> bool:
        return not 0 <= self._clock() - self._asked_at < _PATIENCE

    def _read_in_the_background(self) -> None:
        if self._reading is None:
            self._asked_at = self._clock()
            self._reading = asyncio.create_task(self._read_or_keep())

    async def _read_under_way(self, seconds: float | None = None) -> None:
        if self._reading is not None:
            # It goes on, whoever gives up waiting: others wait for it too.
            await asyncio.wait([self._reading], timeout=seconds)

    async def _read_or_keep(self) -> None:
        try:
            await self._fetch(self._secret.refresh)
        except (SecretError, WeakKey) as error:
            _log.error("signing_key_not_read", reason=str(error))
            if isinstance(error, SecretError) and error.final:
                self._keys, self._text = (), ""
        finally:
            self._reading = None

    async def _fetch(self, fetch: Callable[[], str]) -> None:
        try:
            # The store is asked over blocking sockets.
            text = await asyncio.to_thread(fetch)
        finally:
            self._read_at = self._clock()
        if text != self._text:
            self._keys = _parsed(text)
            self._text = text


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
