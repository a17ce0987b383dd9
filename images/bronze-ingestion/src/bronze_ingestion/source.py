"""stats.nba.com: a day's schedule, and a game's box score."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx
from function_kit.http import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

# It never answers a client that does not look like a browser on its own pages.
HEADERS: Final = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept": "application/json, text/plain, */*",
    "accept-language": "en-US,en;q=0.9",
    "origin": "https://www.nba.com",
    "referer": "https://www.nba.com/",
}
_LEAGUE: Final = "00"
_OK: Final = 200
_TOO_MANY: Final = 429
_MAX_BYTES: Final = 20 * 1024 * 1024


class Answer(NamedTuple):
    """What the source answered.

    Attributes:
        body: What came; None when it cannot be what was asked for.
        problem: Why not, for people.
        refused: Whether it came too soon: 429.
        retry_after: Seconds that the source asks for, if it does.
    """

    body: bytes | None
    problem: str = ""
    refused: bool = False
    retry_after: float | None = None


class Source:
    """The source's two endpoints. One request each; when to make it is the caller's to know."""

    def __init__(self, client: httpx.Client, url: str, timeout: float) -> None:
        """Keep the client.

        Args:
            client: Follows no redirects.
            url: Before `/leaguegamefinder`.
            timeout: Seconds for an answer, in all.
        """
        self._client = client
        self._url = url
        self._timeout = timeout

    def schedule(self, day: date) -> Answer:
        """The games of a day."""
        on = day.strftime("%m/%d/%Y")
        query = {"DateFrom": on, "DateTo": on, "LeagueID": _LEAGUE, "PlayerOrTeam": "T"}
        return self._get("leaguegamefinder", query)

    def box_score(self, game_id: str) -> Answer:
        """The box score of a game."""
        query = {"EndPeriod": "0", "EndRange": "0", "GameID": game_id, "LeagueID": _LEAGUE}
        return self._get(
            "boxscoretraditionalv3",
            {**query, "RangeType": "0", "StartPeriod": "0", "StartRange": "0"},
        )

    def _get(self, endpoint: str, query: Mapping[str, str]) -> Answer:
        try:
            with self._client.stream(
                "GET",
                f"{self._url}/{endpoint}",
                params=query,
                headers=HEADERS,
                timeout=self._timeout,
            ) as response:
                if response.status_code != _OK:
                    return _refusal(response)
                return self._body(response)
        except httpx.HTTPError as error:
            return Answer(None, f"the source did not answer: {type(error).__name__}")

    def _body(self, response: httpx.Response) -> Answer:
        """All of the body. httpx's timeout is on each piece of it, and not on the whole."""
        until = time.monotonic() + self._timeout
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > _MAX_BYTES or time.monotonic() > until:
                return Answer(None, f"the source's answer did not end: {size} bytes so far")
        return Answer(b"".join(pieces))


def _refusal(response: httpx.Response) -> Answer:
    status = response.status_code
    return Answer(
        None,
        f"the source answered {status}",
        refused=status == _TOO_MANY,
        retry_after=retry_after(response),
    )
