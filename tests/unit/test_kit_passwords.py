"""Secrets kept as hashes: found again, never turned back, and slow for who guesses."""

from __future__ import annotations

import base64
import hashlib

import pytest
from function_kit import passwords


@pytest.mark.parametrize(
    "secret", ["x", "a longer secret", "", "ünïcödé 🏀", "nul\0", "\ud800", "x" * 9999]
)
def test_a_secret_is_found_again_and_another_is_not(secret: str) -> None:
    stored = passwords.hashed(secret)
    assert passwords.matches(secret, stored)
    assert not passwords.matches(secret + "x", stored)
    assert len(secret) < 2 or secret not in stored


def test_the_same_secret_is_stored_differently_each_time() -> None:
    assert passwords.hashed("x") != passwords.hashed("x")


@pytest.mark.parametrize("other", ["secret\0", "secret\0\0", "\0secret", "secre", "Secret"])
def test_nothing_but_the_secret_itself_matches(other: str) -> None:
    assert not passwords.matches(other, passwords.hashed("secret"))


def test_a_hash_says_its_costs_so_that_they_may_be_raised_later() -> None:
    cheap = "scrypt$4$1$1$c2FsdHNhbHRzYWx0c2FsdA$"
    key = hashlib.scrypt(
        hashlib.sha256(b"x").digest(), salt=b"saltsaltsaltsalt", n=16, r=1, p=1, dklen=32
    )
    assert passwords.matches("x", cheap + base64.urlsafe_b64encode(key).decode().rstrip("="))


@pytest.mark.parametrize(
    "stored", [None, "", "plain", "scrypt$14$8$1$a", "md5$14$8$1$c2FsdA$a2V5", "scrypt$x$8$1$a$b"]
)
def test_what_is_no_hash_matches_nothing(stored: str | None) -> None:
    assert not passwords.matches("x", stored)
