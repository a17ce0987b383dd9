"""Tokens: JWT, HS256, with `client_id`, `iat` and `exp`."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jwt

from lambda_action.errors import NotAuthenticated, UnknownKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_action.keys import Key, Keys

_ALGORITHM: Final = "HS256"
# Far more than any of ours has; whatever is longer is not read.
_MAX_LENGTH: Final = 4096
_MAX_CLIENT_ID: Final = 128
# Tokens whose signature was found good and is not computed again.
_REMEMBERED: Final = 10_000
_CLAIMS: Final = ("client_id", "iat", "exp")

MISSING: Final = "Missing authentication token"
EXPIRED: Final = "Token expired"
INVALID: Final = "Invalid token: {reason}"


class Token(NamedTuple):
    """A token, and for how many seconds it is good."""

    text: str
    expires_in: int

    def __repr__(self) -> str:
        """Nothing of the token."""
        return "Token(***)"


class _Signed(NamedTuple):
    """What a token says, and the key that it was signed with."""

    key: Key
    claims: dict[str, Any]

    def __repr__(self) -> str:
        """Nothing of either."""
        return "_Signed(***)"


class Tokens:
    """Makes tokens and takes them."""

    def __init__(self, keys: Keys, seconds: int, clock: Callable[[], float] = time.time) -> None:
        """Prepare.

        Args:
            keys: What to sign with, and what else is still good.
            seconds: For how long a new token is good.
            clock: Seconds since the epoch.
        """
        self._keys = keys
        self._seconds = seconds
        self._clock = clock
        # By the token's hash, so that no token is kept and none is compared with another.
        self._signed: dict[bytes, _Signed] = {}

    async def prepare(self) -> None:
        """Read the keys before the first request.

        Raises:
            SecretError: They could not be read.
            WeakKey: One is too short.
        """
        await self._keys.read()

    async def issue(self, client_id: str) -> Token:
        """A token of this client, signed with the key as it is now.

        Raises:
            KeyUnavailable: There is none.
        """
        await self._keys.renew()
        return self.make(client_id)

    async def owner(self, text: str) -> str:
        """Whose token it is, by the keys as they are now.

        Raises:
            NotAuthenticated: Nobody's; the message is the contract's.
            KeyUnavailable: There is no key to check it with.
        """
        await self._keys.renew()
        try:
            return self.client_id(text)
        except UnknownKey as problem:
            await self._keys.look_for(problem.key_id)
        return self.client_id(text)

    def make(self, client_id: str) -> Token:
        """A token of this client, signed with the key in memory; see `issue`."""
        key = self._keys.signing()
        now = int(self._clock())
        claims = {"client_id": client_id, "iat": now, "exp": now + self._seconds}
        text = jwt.encode(claims, key.value, _ALGORITHM, headers={"kid": key.id})
        return Token(text, self._seconds)

    def client_id(self, text: str) -> str:
        """Whose token it is, by the keys in memory; see `owner`.

        Raises:
            UnknownKey: It names none of them.
            NotAuthenticated: Nobody's; the message is the contract's.
            KeyUnavailable: There are none.
        """
        if not text:
            raise NotAuthenticated(MISSING)
        if len(text) > _MAX_LENGTH or not text.isascii():
            raise _invalid("it is not a token")
        digest = hashlib.sha256(text.encode()).digest()
        signed = self._signed.get(digest)
        # The signature of the same text is the same; whether its key is still good, and its time
        # has not come, is looked at each time.
        if signed is None or signed.key not in self._keys.verifying(None):
            self._signed.pop(digest, None)
            signed = self._verified(text)
            client_id = self._checked(signed.claims)
            self._remember(digest, signed)
            return client_id
        return self._checked(signed.claims)

    def _verified(self, text: str) -> _Signed:
        named = _named_key(text)
        keys = self._keys.verifying(named)
        for key in keys[1:]:
            # A token that names no key, as other modules make them: any key that is still good.
            if (found := _claims_or_none(text, key)) is not None:
                return _Signed(key, found)
        if not keys:
            reason = "it names a key that is not known"
            raise UnknownKey(INVALID.format(reason=reason), str(named))
        return _Signed(keys[0], _claims(text, keys[0]))

    def _remember(self, digest: bytes, signed: _Signed) -> None:
        if len(self._signed) >= _REMEMBERED:
            del self._signed[next(iter(self._signed))]
        self._signed[digest] = signed

    def _checked(self, claims: dict[str, Any]) -> str:
        """The client of claims that were signed as they should be."""
        client_id, issued, expires = (claims.get(name) for name in _CLAIMS)
        # A bool is an int to Python, and not to anybody who writes a token.
        if type(issued) is not int or type(expires) is not int:
            raise _invalid("iat and exp must be whole seconds")
        if not isinstance(client_id, str) or not 0 < len(client_id) <= _MAX_CLIENT_ID:
            raise _invalid("client_id must be a text")
        now = self._clock()
        if issued > now:
            raise _invalid("it was issued in the future")
        if expires <= now:
            raise NotAuthenticated(EXPIRED)
        return client_id


def _invalid(reason: str) -> NotAuthenticated:
    return NotAuthenticated(INVALID.format(reason=reason))


def _named_key(text: str) -> str | None:
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        header = None
    if header is None:
        raise _invalid("it is not a token")
    if header.get("alg") != _ALGORITHM:
        raise _invalid("its algorithm is not taken")
    if "crit" in header:
        raise _invalid("it asks for an extension that is not known")
    named = header.get("kid")
    return named if isinstance(named, str) else None


def _claims(text: str, key: Key) -> dict[str, Any]:
    if (found := _claims_or_none(text, key)) is None:
        raise _invalid("its signature is not right")
    return found


def _claims_or_none(text: str, key: Key) -> dict[str, Any] | None:
    """What a token says; None when this key did not sign it. Times are looked at afterwards."""
    options: Any = {"verify_exp": False, "verify_iat": False, "require": list(_CLAIMS)}
    try:
        return jwt.decode(text, key.value, algorithms=[_ALGORITHM], options=options)
    except jwt.InvalidSignatureError:
        return None
    except jwt.MissingRequiredClaimError as error:
        reason = f"it has no {error.claim}"
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        reason = "it is not a token"
    # Raised out here, so that the parser's error with the text in it is not its context.
    raise _invalid(reason)
