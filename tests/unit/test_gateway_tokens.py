"""Tokens of the invoke gateway: what gets in, and everything that must not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from function_kit.secrets import Secret
from lambda_action.errors import NotAuthenticated
from lambda_action.keys import Keys
from lambda_action.tokens import Tokens

from tests.kit.gateway_tokens import KEY, NOW, b64, claims, token, tokens

RSA = rsa.generate_private_key(65537, 2048)
PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
EC = ec.generate_private_key(ec.SECP256R1())
EC_PEM = EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
GOOD = token()
HEAD, BODY, SIGNATURE = GOOD.split(".")
ROOT = b64(json.dumps(claims(client_id="root")))


def unsigned(algorithm: str) -> str:
    return f"{b64(json.dumps({'alg': algorithm}))}.{BODY}."


ATTACKS: dict[str, str] = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg NONE with the good signature": f"{b64(json.dumps({'alg': 'NONE'}))}.{BODY}.{SIGNATURE}",
    "no alg": token(header={"typ": "JWT"}),
    "alg null": token(header={"alg": None}),
    "alg a list": token(header={"alg": ["HS256"]}),
    "alg in lower case": token(header={"alg": "hs256"}),
    "HS384 with our key": token(header={"alg": "HS384"}, digest=hashlib.sha384),
    "HS512 with our key": token(header={"alg": "HS512"}, digest=hashlib.sha512),
    "RS256 said, HMAC done": token(header={"alg": "RS256"}),
    "HMAC with a public key": token(key=PUBLIC),
    "ES256 said, HMAC with a private key": token(header={"alg": "ES256"}, key=EC_PEM),
    "another key": token(key="x" * 64),
    "an empty key": token(key=""),
    "the key's first half": token(key=KEY[:32]),
    "the key and a newline": token(key=KEY + "\n"),
    "kid of no key": token(header={"alg": "HS256", "kid": "nobody"}),
    "kid a path": token(header={"alg": "HS256", "kid": "/dev/null"}, key=""),
    "kid SQL": token(header={"alg": "HS256", "kid": "' OR 1=1 --"}, key="1"),
    "own key in the header": token(
        header={"alg": "HS256", "jwk": {"kty": "oct", "k": b64("x" * 64)}}, key="x" * 64
    ),
    "own key by URL": token(header={"alg": "HS256", "jku": "http://evil.example/keys"}, key="x"),
    "own key by certificate URL": token(header={"alg": "HS256", "x5u": "http://evil/"}, key="x"),
    "an unknown critical extension": token(header={"alg": "HS256", "crit": ["b64"], "b64": False}),
    "header is a list": token(header=["HS256"]),
    "header is no JSON": token(header=b"{"),
    "header nested deep": token(header=b"[" * 1000),
    "expired": token(claims(exp=NOW - 1)),
    "expires now": token(claims(exp=NOW)),
    "issued in the future": token(claims(iat=NOW + 60)),
    "no exp": token(claims(exp=...)),
    "no iat": token(claims(iat=...)),
    "no client_id": token(claims(client_id=...)),
    "exp null": token(claims(exp=None)),
    "exp a text": token(claims(exp=str(NOW + 100))),
    "exp a fraction": token(claims(exp=NOW + 100.5)),
    "exp true": token(claims(exp=True)),
    "exp infinite": token(b'{"client_id": "ada", "iat": 1, "exp": Infinity}'),
    "exp a list": token(claims(exp=[NOW + 100])),
    "iat a text": token(claims(iat="0")),
    "client_id empty": token(claims(client_id="")),
    "client_id a number": token(claims(client_id=7)),
    "client_id a list": token(claims(client_id=["ada"])),
    "client_id very long": token(claims(client_id="a" * 129)),
    "payload a list": token(["ada"]),
    "payload no JSON": token(b"not json"),
    "payload no UTF-8": token(b"\xff\xfe{}"),
    "payload nested deep": token(b"[" * 1000),
    "not yet good": token(claims(nbf=NOW + 10**9)),
    "another payload under the signature": f"{HEAD}.{ROOT}.{SIGNATURE}",
    "another header under the signature": f"{b64(json.dumps({'alg': 'HS256'}))}.{BODY}.{SIGNATURE}",
    "no signature": f"{HEAD}.{BODY}.",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.{SIGNATURE}",
    "five parts, as encrypted ones have": f"{HEAD}.a.b.c.{SIGNATURE}",
    "half a signature": f"{HEAD}.{BODY}.{SIGNATURE[:20]}",
    "signature in hex": f"{HEAD}.{BODY}.{SIGNATURE.encode().hex()}",
    "a space before": f" {GOOD}",
    "a newline after": f"{GOOD}\n",
    "a zero byte after": f"{GOOD}\0",
    "Bearer twice": f"Bearer {GOOD}",
    "cyrillic letters": GOOD.replace("e", "е"),  # noqa: RUF001 - the attack
    "full-width digits": GOOD + "１",  # noqa: RUF001 - the attack
    "huge": token(claims(client_id="a" * 100_000)),
    "a megabyte of dots": "." * 1_000_000,
    "one dot": ".",
    "JSON": json.dumps(claims()),
    "a password": "hunter2",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_token_but_a_good_one_gets_in(attack: str) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        tokens().client_id(attack)
    assert refused.value.message == "Token expired" or refused.value.message.startswith(
        "Invalid token: "
    )
    # Nothing of what was sent comes back, and nothing of the key.
    assert len(refused.value.message) < 100
    assert KEY not in str(refused.value)


def test_there_are_enough_of_them() -> None:
    assert len(set(ATTACKS.values())) >= 60


def test_a_good_one_does() -> None:
    assert tokens().client_id(GOOD) == "ada"
    assert tokens().client_id(tokens().make("bob").text) == "bob"


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "Missing authentication token"), (ATTACKS["expired"], "Token expired")],
)
def test_the_words_that_clients_look_for(text: str, message: str) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        tokens().client_id(text)
    assert refused.value.message == message


def test_what_is_made_says_what_the_contract_says() -> None:
    made = tokens().make("ada")
    head, body, signature = made.text.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert decoded == {"client_id": "ada", "iat": NOW, "exp": NOW + 3600}
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "HS256"
    expected = hmac.new(KEY.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert signature == b64(expected)
    assert made.expires_in == 3600
    assert made.text not in repr(made)


def test_a_wrong_signature_takes_as_long_wherever_it_is_wrong() -> None:
    """The comparison is hmac.compare_digest's; what is looked at is that it is used."""
    calls: list[tuple[bytes, bytes]] = []
    original = hmac.compare_digest

    def spy(one: Any, other: Any) -> bool:
        calls.append((one, other))
        return original(one, other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hmac, "compare_digest", spy)
        with pytest.raises(NotAuthenticated):
            tokens().client_id(ATTACKS["another key"])
    assert len(calls) == 1


def test_real_time_is_what_counts() -> None:
    mine = Tokens(Keys(Secret(KEY)), 3600)
    asyncio.run(mine.prepare())
    assert mine.client_id(mine.make("ada").text) == "ada"
    past = token(claims(exp=int(time.time()) - 1, iat=1))
    with pytest.raises(NotAuthenticated, match="Token expired"):
        mine.client_id(past)
