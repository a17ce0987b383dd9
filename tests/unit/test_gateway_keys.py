"""The keys of tokens: they change under way, and what was found good is not good for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import jwt
import pytest
from function_kit.secrets import Secret
from lambda_action import tokens as module
from lambda_action.errors import NotAuthenticated
from lambda_action.keys import Keys, WeakKey, key_id
from lambda_action.tokens import Tokens

from tests.kit.gateway_tokens import KEY, NOW, OLD, claims, token, tokens


class Rotating:
    """A secret whose value changes, and that counts how often it is read anew."""

    def __init__(self, value: str) -> None:
        self.value = self.seen = value
        self.reads = 0

    def get(self) -> str:
        return self.seen

    def refresh(self) -> str:
        self.reads += 1
        self.seen = self.value
        return self.seen


def rotating(value: str, clock: Callable[[], float]) -> tuple[Rotating, Tokens]:
    secret = Rotating(value)
    return secret, Tokens(Keys(secret, clock), 3600, clock=lambda: NOW)  # type: ignore[arg-type]


def test_two_keys_are_good_while_they_change_and_the_first_signs() -> None:
    both = tokens(json.dumps({"current": KEY, "previous": OLD}))
    assert both.client_id(tokens(OLD).make("ada").text) == "ada"
    assert both.client_id(token(key=OLD)) == "ada"  # one that names no key
    assert both.client_id(token()) == "ada"
    assert tokens(KEY).client_id(both.make("ada").text) == "ada"
    with pytest.raises(NotAuthenticated):
        tokens(json.dumps({"current": KEY})).client_id(tokens(OLD).make("ada").text)


def test_a_process_that_has_not_heard_of_a_new_key_asks_for_it_once() -> None:
    now = [0.0]
    secret, mine = rotating(OLD, lambda: now[0])
    secret.value = json.dumps({"current": KEY, "previous": OLD})
    assert mine.client_id(tokens(KEY).make("ada").text) == "ada"
    assert secret.reads == 1
    flood = [
        token(header={"alg": "HS256", "kid": f"invented-{n}"}, key="x" * 64) for n in range(50)
    ]
    for invented in flood:
        with pytest.raises(NotAuthenticated):
            mine.client_id(invented)
    assert secret.reads == 1
    now[0] = 60
    with pytest.raises(NotAuthenticated):
        mine.client_id(flood[0])
    assert secret.reads == 2


@pytest.mark.parametrize(
    "secret",
    ["short", json.dumps({"current": "short"}), json.dumps({"previous": KEY}), "{" + "x" * 80],
)
def test_a_weak_key_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(WeakKey) as refused:
        tokens(secret).make("ada")
    assert "short" not in str(refused.value)
    assert "64" in str(refused.value)


def test_a_key_is_named_without_being_told() -> None:
    assert key_id(KEY) != key_id(OLD)
    assert len(key_id(KEY)) == 12
    assert hashlib.sha256(KEY.encode()).hexdigest()[:12] != key_id(KEY)


def test_a_signature_is_computed_once_and_not_trusted_for_another_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded = []
    original = jwt.decode

    def spy(text: str, *arguments: object, **options: object) -> object:
        decoded.append(text)
        return original(text, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(jwt, "decode", spy)
    mine, good = tokens(), token()
    assert [mine.client_id(good) for _ in range(3)] == ["ada"] * 3
    assert decoded == [good]
    for other in (good[:-2], good + "A", good.swapcase(), " " + good):
        with pytest.raises(NotAuthenticated):
            mine.client_id(other)


def test_a_token_that_was_seen_before_expires_all_the_same() -> None:
    now = [NOW]
    mine = Tokens(Keys(Secret(KEY)), 3600, clock=lambda: now[0])
    text = token(claims(exp=NOW + 100))
    assert mine.client_id(text) == "ada"
    now[0] = NOW + 100
    with pytest.raises(NotAuthenticated, match="Token expired"):
        mine.client_id(text)
    now[0] = NOW - 60
    with pytest.raises(NotAuthenticated, match="in the future"):
        mine.client_id(text)


@pytest.mark.parametrize("header", [None, {"alg": "HS256", "kid": key_id(OLD)}])
def test_a_token_that_was_seen_before_goes_with_its_key(header: dict[str, str] | None) -> None:
    secret, mine = rotating(json.dumps({"current": KEY, "previous": OLD}), lambda: 0.0)
    text = token(header=header, key=OLD)
    assert mine.client_id(text) == "ada"
    secret.seen = secret.value = json.dumps({"current": KEY})
    with pytest.raises(NotAuthenticated):
        mine.client_id(text)
    # Swapped for new ones: the same id of another key's value would not do either.
    secret.seen = secret.value = json.dumps({"current": "n" * 64, "previous": KEY})
    with pytest.raises(NotAuthenticated):
        mine.client_id(text)


def test_no_more_tokens_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 10)
    mine = tokens()
    texts = [token(claims(client_id=f"client-{n}")) for n in range(30)]
    for text in texts + texts:
        mine.client_id(text)
    assert len(mine._signed) == 10
    held = repr(mine._signed)
    assert not any(text in held for text in texts)
    assert KEY not in held
