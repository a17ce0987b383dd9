"""Secrets by reference: the value is fetched when it is needed and kept for a while."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from function_kit import redaction
from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler

_STORES = ("secretsmanager", "ssm")
# Seconds for which nobody asks again after a fetch that failed while there is a value to go on
# with: each who asked would wait as long as the one before.
_PAUSE = 5.0


class SecretError(Exception):
    """A secret could not be read. The message holds its reference and a code, never a value.

    Attributes:
        final: Whether the store answered that the secret is gone or forbidden.
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        """Make an error; see the class."""
        super().__init__(message)
        self.final = final


class Secret:
    """A secret value, or a reference to where it is kept.

    A reference is `secretsmanager:<name or ARN>`, optionally with `#<key>` when the secret is a
    JSON object, or `ssm:<parameter name>`. Anything else is the value itself, for local use.
    """

    def __init__(
        self, reference: str, *, ttl: float = 300.0, clock: Callable[[], float] = time.time
    ) -> None:
        """Keep the reference; nothing is fetched yet.

        Args:
            reference: See the class.
            ttl: Seconds for which a fetched value is used without asking again.
            clock: Seconds. Wall time by default, because a frozen environment's monotonic clock
                may stand still.

        Raises:
            ValueError: The reference is empty or has no name.
        """
        store, _, name = reference.partition(":")
        self._store = store if store in _STORES else ""
        self._name, _, self._key = name.partition("#") if self._store else ("", "", "")
        if not reference or (self._store and not self._name):
            raise ValueError("a secret is a value, secretsmanager:<id>[#key] or ssm:<name>")
        self._ttl = ttl
        self._clock = clock
        self._lock = threading.Lock()
        self._value = "" if self._store else reference
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        redaction.register(self._value)

    def __repr__(self) -> str:
        """Where the value is kept; nothing at all of a literal."""
        return f"Secret({self._where()!r})" if self._store else "Secret('***')"

    def get(self) -> str:
        """The value, fetched at most once in `ttl` seconds.

        When the store cannot be reached and a value was fetched before, that one is used on: it
        is more likely right than not, and for a few seconds nobody asks again. `refresh` is the
        way to insist.

        Raises:
            SecretError: It could not be fetched, or was taken away.
        """
        with self._lock:
            if self._is_fresh() or self._failed_just_now():
                return self._value
            try:
                return self._fetch()
            except SecretError as error:
                if self._fetched_at is None or error.final:
                    raise
                self._failed_at = self._clock()
                get_logger().warning("secret_kept_past_its_time", reason=str(error))
                return self._value

    def refresh(self) -> str:
        """Fetch the value now, for example after a 401, and return it.

        Raises:
            SecretError: It could not be fetched.
        """
        with self._lock:
            return self._fetch() if self._store else self._value

    def prepare(self) -> None:
        """Make the client that `get` will use, so that init pays for it and not a request."""
        if self._store:
            _stores().prepare(self._store)

    def _is_fresh(self) -> bool:
        if self._fetched_at is None:
            return not self._store
        # A clock set back counts as stale, or an old value could live for ever.
        return 0 <= self._clock() - self._fetched_at < self._ttl

    def _failed_just_now(self) -> bool:
        return self._failed_at is not None and 0 <= self._clock() - self._failed_at < _PAUSE

    def _fetch(self) -> str:
        stores = _stores()
        try:
            raw: str = stores.read(self._store, self._name)
        except AwsError as error:
            final = error.code in stores.FINAL_CODES
            if final:
                # It was taken away: not used on either when next time nobody answers at all.
                self._fetched_at = self._failed_at = None
            message = f"{self._where()} could not be read: {error.code}"
            raise SecretError(message, final=final) from None
        # A key that was typed or piped in ends with a newline, which no header may hold.
        self._value = self._member(raw) if self._key else raw.rstrip("\r\n")
        self._fetched_at = self._clock()
        redaction.register(self._value)
        return self._value

    def _member(self, raw: str) -> str:
        try:
            value = json.loads(raw)[self._key]
        except (ValueError, KeyError, TypeError):
            value = None
        if isinstance(value, str):
            return value
        # Raised out here, so that the parser's error with the text in it is not its context.
        raise SecretError(f"{self._where()} is not a JSON object with text under that key")

    def _where(self) -> str:
        return f"{self._store}:{self._name}" + (f"#{self._key}" if self._key else "")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let settings declare a field of this type, read from a string."""
        return core_schema.no_info_plain_validator_function(_validate)


def _stores() -> Any:
    """The stores, imported by the first secret that is kept in one: `prepare`, during init."""
    from function_kit import secret_stores  # noqa: PLC0415 - brings HTTP and TLS

    return secret_stores


def _validate(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("a secret is given as text")  # noqa: TRY004 - pydantic wants ValueError
    return Secret(value)
