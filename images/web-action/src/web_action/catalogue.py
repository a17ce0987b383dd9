"""The actions that a message may ask for, each with the hosts that it may call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from web_action.fetch import Ask
from web_action.origins import Origin, RefusedUrlError, Url, parse

if TYPE_CHECKING:
    from message_kit.outbound import Answer

MOST_KEPT = 50_000
"""Bytes of an answer that are kept."""


class ActionError(Exception):
    """What an action was answered is not what it needs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action has brought.

    Attributes:
        url: Where from.
        status: The HTTP status.
        content_type: Of the answer.
        text: For people and programs.
        complete: Whether that is all of it.
    """

    url: Url
    status: int
    content_type: str
    text: str
    complete: bool


class Send(Protocol):
    """Sends a request of an action, signed in as its message says."""

    def __call__(self, ask: Ask) -> Answer:
        """Send it; the answer is a 2xx."""
        ...


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(_Arguments):
    """A request of somebody's own, and its answer as text.

    Attributes:
        url: Of an allowed host.
        method: GET or POST; a POST is sent once and never again.
        body: Of a POST: text as it is, anything else as JSON.
    """

    action: Literal["http"]
    url: str
    method: Literal["GET", "POST"] = "GET"
    body: JsonValue = None

    @model_validator(mode="after")
    def _no_body_of_a_get(self) -> Http:
        if self.method == "GET" and self.body is not None:
            raise ValueError("a GET has no body")
        return self

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is as good as once."""
        return self.method == "GET"

    def run(self, send: Send, _weather: Origin) -> Outcome:
        """Do it.

        Raises:
            RefusedUrlError: The URL is not plain.
        """
        url = parse(self.url)
        content, kind = self._content()
        headers = {"content-type": kind} if kind else {}
        answer = send(Ask(url, self.method, headers, body=content, most=MOST_KEPT))
        text = _text(answer)
        return Outcome(url, answer.status, _kind(answer), text, answer.complete)

    def _content(self) -> tuple[bytes, str]:
        if self.body is None:
            return b"", ""
        if isinstance(self.body, str):
            return self.body.encode(), "text/plain; charset=utf-8"
        return json.dumps(self.body, ensure_ascii=False).encode(), "application/json"


class Weather(_Arguments):
    """The forecast of the US National Weather Service for a place.

    Attributes:
        latitude: In degrees.
        longitude: In degrees.
        days: How many, today included.
    """

    action: Literal["weather"]
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    days: Annotated[int, Field(ge=1, le=7)] = 2

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is as good as once."""
        return True

    def run(self, send: Send, weather: Origin) -> Outcome:
        """Look up the place's forecast, and read its periods: two for each day.

        Raises:
            ActionError: The service answered with something else.
            RefusedUrlError: It named a forecast that is not at a plain URL.
        """
        headers = {"accept": "application/geo+json"}
        place = f"/points/{_degrees(self.latitude)},{_degrees(self.longitude)}"
        found = _properties(send(Ask(Url(weather, place), headers=headers)))
        url = parse(str(found.get("forecast", "")))
        answer = send(Ask(url, headers=headers))
        periods = _properties(answer).get("periods")
        if not isinstance(periods, list):
            raise ActionError("the forecast has no periods")
        lines = [_line(period) for period in periods[: 2 * self.days] if isinstance(period, dict)]
        return Outcome(url, answer.status, _kind(answer), "\n".join(lines), complete=True)


type Arguments = Annotated[Http | Weather, Field(discriminator="action")]


def _degrees(value: float) -> str:
    """As the service wants it: four decimals at most, and no zeros behind."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _properties(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)["properties"] if answer.complete else None
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ActionError("the weather service answered with something else than a forecast")
    return found


def _line(period: dict[str, Any]) -> str:
    unit = period.get("temperatureUnit", "")
    wind = " ".join(str(period.get(name, "")) for name in ("windSpeed", "windDirection")).strip()
    parts = [f"{period.get('temperature', '?')} °{unit}", str(period.get("shortForecast", ""))]
    parts += [f"wind {wind}"] if wind else []
    return f"{period.get('name', '?')}: {', '.join(parts)}"


def _kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "")[:200]


def _text(answer: Answer) -> str:
    """The body as text, whatever it is; what is no text shows as replacement characters."""
    charset = answer.headers.get("content-type", "").lower().rpartition("charset=")[2].strip('" ')
    latin = charset in {"iso-8859-1", "latin1", "windows-1252"}
    return answer.body.decode("cp1252" if latin else "utf-8", errors="replace")


__all__ = ["ActionError", "Arguments", "Http", "Outcome", "RefusedUrlError", "Weather"]
