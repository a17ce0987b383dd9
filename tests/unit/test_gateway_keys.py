"""The keys of tokens: they change under way, and what was found good is not good for ever."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable

import jwt
import pytest
from function_kit.secrets import Secret, SecretError
from lambda_action import tokens as module
from lambda_action.errors import KeyUnavailable, NotAuthenticated
from lambda_action.keys import Keys, WeakKey, key_id
from lambda_action.tokens import Tokens

from tests.kit.gateway_tokens import KEY, NOW, OLD, claims, token, tokens


class Rotating:
    """A secret whose value changes, and that counts how often it is read anew.

    Attributes:
        problem: What reading it raises.
        lets: Reading anew waits for it.
        threads: Those that it was read in.
    """

    def __init__(self, value: str) -> None:
        self.value = self.seen = value
        self.reads = 0
        self.problem: SecretError | None = None
        self.lets = threading.Event()
        self.lets.set()
        self.threads: set[int] = set()

    def get(self) -> str:
        self.threads.add(threading.get_ident())
        if self.problem:
            raise self.problem
        return self.seen

    def refresh(self) -> str:
        self.reads += 1
        self.lets.wait(10)
        self.seen = self.value
        return self.get()


def rotating(value: str, clock: Callable[[], float]) -> tuple[Rotating, Tokens]:
    secret = Rotating(value)
    made = Tokens(Keys(secret, clock), 3600, clock=lambda: NOW)  # type: ignore[arg-type]
    asyncio.run(made.prepare())
    return secret, made


def owner(tokens: Tokens, text: str) -> str:
    return asyncio.run(tokens.owner(text))


def invented(number: int) -> str:
    return token(header={"alg": "HS256", "kid": f"invented-{number}"}, key="x" * 64)


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
    assert owner(mine, tokens(KEY).make("ada").text) == "ada"
    assert secret.reads == 1
    for number in range(50):
        with pytest.raises(NotAuthenticated):
            owner(mine, invented(number))
    assert secret.reads == 1
    now[0] = 60
    with pytest.raises(NotAuthenticated):
        owner(mine, invented(0))
    assert secret.reads == 2
    assert threading.get_ident() not in secret.threads


def test_many_tokens_of_a_new_key_wait_for_one_reading() -> None:
    secret, mine = rotating(OLD, lambda: 0.0)
    secret.value = json.dumps({"current": KEY, "previous": OLD})
    new, old = tokens(KEY).make("ada").text, tokens(OLD).make("bob").text

    async def run() -> list[str]:
        secret.lets.clear()
        waiting = [asyncio.create_task(mine.owner(new)) for _ in range(50)]
        # Nobody else waits with them.
        assert await mine.owner(old) == "bob"
        assert not any(task.done() for task in waiting)
        secret.lets.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(run()) == ["ada"] * 50
    assert secret.reads == 1


def test_a_key_that_cannot_be_looked_for_is_not_known() -> None:
    secret, mine = rotating(KEY, lambda: 0.0)
    secret.problem = SecretError("secretsmanager:x could not be read: TimeoutError")
    with pytest.raises(NotAuthenticated, match="names a key that is not known"):
        owner(mine, invented(0))
    assert owner(mine, token()) == "ada"


def test_keys_are_renewed_while_the_old_ones_are_used() -> None:
    now = [0.0]
    secret, mine = rotating(OLD, lambda: now[0])
    secret.value = json.dumps({"current": KEY})
    text = token(key=OLD)  # it names no key

    async def run() -> None:
        now[0] = 119
        assert await mine.owner(text) == "ada"
        now[0] = 121
        async with asyncio.timeout(10):
            while True:
                await mine.owner(text)
                await asyncio.sleep(0)

    with pytest.raises(NotAuthenticated):
        asyncio.run(run())
    secret.problem = SecretError("secretsmanager:x could not be read: TimeoutError")
    now[0] = 1000
    assert owner(mine, token()) == "ada"


def test_a_key_that_was_taken_away_is_used_no_more() -> None:
    now = [0.0]
    secret, mine = rotating(KEY, lambda: now[0])
    secret.problem = SecretError("secretsmanager:x could not be read: gone", final=True)
    now[0] = 1000
    with pytest.raises(KeyUnavailable) as refused:
        owner(mine, token())
    assert (refused.value.status, refused.value.retry_after) == (503, 5)
    secret.problem = None
    now[0] += 5
    assert owner(mine, token()) == "ada"


def test_the_first_who_come_wait_for_the_key() -> None:
    mine = Tokens(Keys(Secret(KEY)), 3600, clock=lambda: NOW)

    async def run() -> list[str]:
        return await asyncio.gather(*(mine.owner(token()) for _ in range(5)))

    assert asyncio.run(run()) == ["ada"] * 5


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
    asyncio.run(mine.prepare())
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
    asyncio.run(mine.prepare())
    with pytest.raises(NotAuthenticated):
        mine.client_id(text)
    # Swapped for new ones: the same id of another key's value would not do either.
    secret.seen = secret.value = json.dumps({"current": "n" * 64, "previous": KEY})
    asyncio.run(mine.prepare())
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
