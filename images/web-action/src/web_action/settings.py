"""What the function is told by its environment."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Final, Self

from message_kit.settings import Text, WorkingSettings
from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from web_action.addresses import Network
from web_action.origins import Origin, RefusedUrlError, parse

NAME: Final = "web-action"
WEATHER: Final = Origin("https", "api.weather.gov", 443)


def _listed(value: object) -> object:
    """A variable with commas; empty is none."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _origin(value: object) -> object:
    """An origin of its URL."""
    if not isinstance(value, str):
        return value
    try:
        url = parse(value)
    except RefusedUrlError as error:
        raise ValueError(f"an origin is https://host[:port] ({error})") from None
    if url.target != "/":
        raise ValueError("an origin is https://host[:port], without a path")
    return url.origin


def _network(value: object) -> object:
    return ip_network(value) if isinstance(value, str) else value


# NoDecode: or pydantic-settings would take the variables for JSON.
type OneOrigin = Annotated[Origin, BeforeValidator(_origin)]
type Origins = Annotated[frozenset[OneOrigin], BeforeValidator(_listed)]
type Networks = Annotated[
    tuple[Annotated[Network, BeforeValidator(_network)], ...], BeforeValidator(_listed)
]


class WebActionSettings(WorkingSettings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        results_table: The DynamoDB table of answers.
        http_origins: What the action `http` may call: origins, comma-separated.
        token_origins: Where tokens may be got from besides.
        weather_origin: Where the action `weather` reads.
        secret_prefix: What names of secrets begin with that messages may name the rest of.
        action_seconds: For one action, all of its requests together.
        trusted_networks: Addresses that may be called though they are not public; only locally.
    """

    results_table: Text
    http_origins: Annotated[Origins, NoDecode] = frozenset()
    token_origins: Annotated[Origins, NoDecode] = frozenset()
    weather_origin: Annotated[OneOrigin, NoDecode] = WEATHER
    secret_prefix: Text
    action_seconds: Annotated[float, Field(gt=0, le=120)] = 30.0
    trusted_networks: Annotated[Networks, NoDecode] = ()

    @field_validator("http_origins", "token_origins", "weather_origin")
    @classmethod
    def _no_plain_http(cls, value: frozenset[Origin] | Origin, info: object) -> object:
        origins = {value} if isinstance(value, Origin) else value
        local = getattr(info, "data", {}).get("environment") == "local"
        if not local and any(origin.scheme == "http" for origin in origins):
            raise ValueError("origins are https outside the local environment")
        return value

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.trusted_networks and self.environment != "local":
            raise ValueError("TRUSTED_NETWORKS is for the local environment alone")
        if self.lease_seconds < 2 * self.action_seconds:
            raise ValueError("LEASE_SECONDS must be twice ACTION_SECONDS: it outlasts the work")
        return self
