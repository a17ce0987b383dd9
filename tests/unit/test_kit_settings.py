from __future__ import annotations

import os
from typing import Annotated

import pytest
from function_kit.secrets import Secret
from function_kit.settings import ConfigurationError, Settings, load
from pydantic import AliasChoices, Field, ValidationError


class Example(Settings):
    table: str
    limit: Annotated[int, Field(ge=1)] = 5
    key: Secret
    names: tuple[str, ...] = ()
    home: str = Field(default="x", validation_alias=AliasChoices("EXAMPLE_HOME", "HOME_OF_EXAMPLE"))


GOOD = {"ENVIRONMENT": "dev", "TABLE": "ledger", "KEY": "very-secret-value"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        monkeypatch.delenv(name)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_reads_variables_named_like_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD, LIMIT="7", log_level="debug", UNKNOWN="x", EXAMPLE_HOME="y")
    settings = load(Example)
    assert (settings.environment, settings.log_level) == ("dev", "DEBUG")
    assert (settings.table, settings.limit, settings.home) == ("ledger", 7, "y")
    assert settings.key.get() == "very-secret-value"


def test_defaults_stand_when_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD)
    settings = load(Example)
    assert (settings.log_level, settings.limit, settings.home) == ("INFO", 5, "x")


def test_names_every_missing_variable_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(Example)
    assert str(raised.value) == (
        "bad configuration: ENVIRONMENT is not set; TABLE is not set; KEY is not set"
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ENVIRONMENT", "moon-base", "Input should be 'local', 'dev', 'staging' or 'prod'"),
        ("LOG_LEVEL", "chatty-level", "Input should be 'DEBUG'"),
        ("LIMIT", "-987654", "greater than or equal to 1"),
        ("LIMIT", "lots-and-lots", "valid integer"),
        ("KEY", "secretsmanager:#hidden-part", "a secret is a value"),
    ],
)
def test_says_what_is_wrong_and_never_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    given(monkeypatch, **GOOD)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        load(Example)
    assert f"{name} is not valid: " in str(raised.value)
    assert reason in str(raised.value)
    assert value not in str(raised.value)


def test_a_value_that_is_not_json_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD, NAMES="not-json-at-all")
    with pytest.raises(ConfigurationError, match='"names"') as raised:
        load(Example)
    assert "not-json-at-all" not in str(raised.value)
    assert raised.value.__context__ is None


def test_settings_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD)
    settings = load(Example)
    with pytest.raises(ValidationError):
        settings.table = "other"  # type: ignore[misc]  # what is tested


def test_an_alias_is_named_when_its_value_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    class Aliased(Settings):
        port: int = Field(validation_alias=AliasChoices("SERVER_PORT", "PORT"))

    given(monkeypatch, ENVIRONMENT="dev")
    with pytest.raises(ConfigurationError, match="SERVER_PORT is not set"):
        load(Aliased)


def test_a_prefix_is_part_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Prefixed(Settings, env_prefix="APP_"):
        size: int

    given(monkeypatch, APP_ENVIRONMENT="dev", APP_SIZE="big")
    with pytest.raises(ConfigurationError, match="APP_SIZE is not valid"):
        load(Prefixed)


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **GOOD)
    assert "very-secret-value" not in f"{load(Example)!r} {load(Example)}"
