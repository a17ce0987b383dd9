"""Configuration from environment variables, checked once when the environment starts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

type Environment = Literal["local", "dev", "staging", "prod"]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
type BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
type LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class ConfigurationError(Exception):
    """The environment variables do not make a valid configuration.

    The message names every missing or bad variable and says why. It never holds a value.
    """


def comma_separated(value: object) -> object:
    """Text as the parts between its commas; for a `BeforeValidator` of a tuple.

    The field needs pydantic-settings' `NoDecode` too, or the variable is taken for JSON.
    """
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """What every function is told. A function's own settings inherit from this.

    Field names become environment variables in upper case: `download_bucket` is read from
    `DOWNLOAD_BUCKET`. Unknown variables are ignored, and a loaded instance is immutable.

    Attributes:
        environment: `ENVIRONMENT`, one of local, dev, staging, prod.
        log_level: `LOG_LEVEL`, a level name of the standard library, in any case.
    """

    # A class that others inherit from is never read itself: only what is read is built.
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", case_sensitive=False, defer_build=True
    )

    environment: Environment
    log_level: Annotated[LogLevel, BeforeValidator(_upper)] = "INFO"


def load[S: Settings](cls: type[S]) -> S:
    """Read `cls` from the environment.

    Args:
        cls: A subclass of `Settings`.

    Returns:
        The checked, frozen settings.

    Raises:
        ConfigurationError: A variable is missing or bad; the message lists all of them.
    """
    try:
        return cls()
    except ValidationError as error:
        problems = "; ".join(_problems(cls, error))
    except SettingsError as error:
        problems = str(error)
    # Raised out here so that pydantic's error, which holds the values, is not its context.
    raise ConfigurationError(f"bad configuration: {problems}")


def _problems(cls: type[Settings], error: ValidationError) -> list[str]:
    return [
        f"{_variable(cls, str(item['loc'][0]) if item['loc'] else '')} "
        + ("is not set" if item["type"] == "missing" else f"is not valid: {item['msg']}")
        for item in error.errors(include_input=False, include_context=False, include_url=False)
    ]


def _variable(cls: type[Settings], location: str) -> str:
    """The environment variable behind what pydantic calls a field: by its alias or its name."""
    prefix = cls.model_config.get("env_prefix", "") if location in cls.model_fields else ""
    return f"{prefix}{location}".upper()
