"""Signing in: the headers that an `auth_config` stands for.

Secrets are read from Secrets Manager when they are needed and kept for five minutes, as tokens
are. Messages name the end of a secret's name; what it begins with is this function's own, so that
no message can have any other secret sent anywhere.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from function_kit import redaction
from function_kit.secrets import Secret, SecretError

from web_action.fetch import Ask, FetchError
from web_action.origins import RefusedUrlError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from function_kit.deadline import Deadline
    from message_kit.message import AuthConfig

    from web_action.fetch import Fetcher
    from web_action.origins import Origin

KEPT: Final = 300.0  # seconds
_MOST: Final = 100  # secrets and tokens that are kept
_MOST_TOKEN: Final = 65_536  # bytes of a token's answer
# The client's own, or those of the connection and not of the request.
_OWN: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"),
        *("keep-alive", "proxy-authorization", "proxy-connection", "expect", "accept-encoding"),
    }
)


class SigningError(Exception):
    """A message does not say how to sign in, or that failed; the error holds no secret."""


class Signing:
    """Makes headers."""

    def __init__(
        self,
        fetcher: Fetcher,
        prefix: str,
        token_origins: frozenset[Origin],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take how to get tokens, and which secrets.

        Args:
            fetcher: Sends.
            prefix: What names of secrets begin with.
            token_origins: Where tokens may be got from, besides where the action itself goes.
            clock: Epoch seconds.
        """
        self._fetcher = fetcher
        self._prefix = prefix
        self._token_origins = token_origins
        self._clock = clock
        self._secrets: dict[str, Secret] = {}
        self._tokens: dict[tuple[str, str, str], tuple[str, float]] = {}

    def headers(
        self, config: AuthConfig | None, origins: frozenset[Origin], deadline: Deadline
    ) -> dict[str, str]:
        """The headers that sign in.

        Args:
            config: The message's.
            origins: Where the action may go.
            deadline: Of the action.

        Raises:
            SigningError: They cannot be made, or no token was given.
            SecretError: The secret could not be read.
        """
        if config is None:
            return {}
        more = {name.lower(): value for name, value in (config.headers or {}).items()}
        if own := sorted(_OWN & more.keys()):
            raise SigningError(f"auth_config.headers may not set {', '.join(own)}")
        if config.type == "none":
            return more
        if not config.secret_name:
            raise SigningError(f"auth_config.secret_name is missing for {config.type}")
        if config.type == "api_key":
            return self._api_key(config.secret_name, more)
        if config.type == "bearer":
            token = self._member(config.secret_name, "token")
        else:
            token = self._token(config, origins | self._token_origins, deadline)
        return {**more, "authorization": f"Bearer {token}"}

    def check(self) -> None:
        """Raise unless secrets can be read; there need not be any.

        Raises:
            SecretError: They cannot.
        """
        try:
            Secret(f"secretsmanager:{self._prefix}none").get()
        except SecretError as error:
            if "ResourceNotFoundException" not in str(error):
                raise

    def forget(self, config: AuthConfig | None) -> None:
        """Read the secret anew, after the other side has not accepted it."""
        name = config.secret_name if config else None
        if name:
            self._secrets.pop(name, None)
            self._tokens = {key: kept for key, kept in self._tokens.items() if key[0] != name}

    def _api_key(self, secret_name: str, more: dict[str, str]) -> dict[str, str]:
        """The key in the header that is named without a value, `x-api-key` if none is."""
        key = self._member(secret_name, "api_key")
        named = [name for name, value in more.items() if not value] or ["x-api-key"]
        return more | dict.fromkeys(named, key)

    def _token(self, config: AuthConfig, origins: frozenset[Origin], deadline: Deadline) -> str:
        """A token by user name and password (RFC 6749, 4.3)."""
        kept = (config.secret_name or "", config.token_url or "", config.scope or "")
        token, until = self._tokens.get(kept, ("", 0.0))
        if until > self._clock():
            return token
        try:
            url = parse(config.token_url or "")
        except RefusedUrlError as error:
            raise SigningError(f"auth_config.token_url: {error}") from None
        secret = self._document(kept[0])
        form = {"grant_type": "password", **_texts(secret, "username", "password")}
        if config.scope:
            form["scope"] = config.scope
        headers = {"content-type": "application/x-www-form-urlencoded"}
        signing = _client(secret)
        body = urlencode(form).encode()
        ask = Ask(url, "POST", headers, signing, body, _MOST_TOKEN)
        try:
            answer = self._fetcher.fetch(ask, origins, deadline)
        except FetchError as error:
            # What was sent asked for a token: the action itself was not begun.
            raise SigningError(f"no token was given: {error}") from None
        token, seconds = _granted(answer.body)
        if len(self._tokens) >= _MOST:
            self._tokens.clear()
        self._tokens[kept] = token, self._clock() + min(KEPT, seconds)
        return token

    def _member(self, name: str, member: str) -> str:
        """A secret that is text, or a JSON object with such a member."""
        text = self._read(name)
        if not text.lstrip().startswith("{"):
            return _usable(text)
        return _usable(_texts(self._document(name), member)[member])

    def _document(self, name: str) -> Mapping[str, Any]:
        try:
            document = json.loads(self._read(name))
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise SigningError("the secret is not a JSON object")
        return document

    def _read(self, name: str) -> str:
        if len(self._secrets) >= _MOST:
            self._secrets.clear()
        reference = f"secretsmanager:{self._prefix}{name}"
        secret = self._secrets.setdefault(name, Secret(reference, ttl=KEPT))
        try:
            return secret.get()
        except SecretError as error:
            raise SigningError(f"the secret could not be read: {error}") from None


def _texts(document: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Members of a secret, noted as secret themselves."""
    missing = [name for name in names if not isinstance(document.get(name), str)]
    if missing:
        raise SigningError(f"the secret has no {' and no '.join(missing)}")
    found = {name: str(document[name]) for name in names}
    for value in found.values():
        redaction.register(value)
    return found


def _client(secret: Mapping[str, Any]) -> dict[str, str]:
    """How the client itself signs in, if it has to."""
    if "client_id" not in secret:
        return {}
    client = _texts(secret, "client_id", "client_secret")
    pair = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def _granted(body: bytes) -> tuple[str, float]:
    """A token out of an answer, and for how many seconds it is good."""
    try:
        answer = json.loads(body)
        token, seconds = str(answer["access_token"]), float(answer.get("expires_in", KEPT))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SigningError("no token was given") from None
    redaction.register(token)
    return _usable(token), max(0.0, seconds - 10)


def _usable(value: str) -> str:
    """A secret that a header can hold."""
    if not value or not value.isascii() or not value.isprintable():
        raise SigningError("the secret is empty, or holds what no header can")
    return value
