"""A stand-in for stats.nba.com: schedules and box scores of generated seasons.

    python -m standins.nba --port 8080

Environment: `STANDIN_RATE_PER_MINUTE` (30; 0 is no limit), `STANDIN_SEASONS` (2023,2024).

Serves `GET /stats/leaguegamefinder` and `GET /stats/boxscoretraditionalv3` in the recorded
shapes. Like the real one it never answers a client that sends no browser's headers.

For tests: `PUT /__control` sets a `Behaviour` and empties the ledger; `GET /__ledger` answers
every request's arrival with what became of it.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins import nba_shapes, serving
from standins.nba_season import Game, Season, season

if TYPE_CHECKING:
    from starlette.requests import Request

_LEAGUE = "00"


class Behaviour(BaseModel):
    """How the source behaves.

    Attributes:
        latency: Seconds before an answer.
        rate_per_minute: Requests taken in any 60 seconds, further ones get 429; None for any.
        retry_after: Seconds, sent with 429.
        shape: Of box scores: `v3`, the `older` one, or one `changed` beyond recognition.
        digits: Of percentages; the real source's are 3, others round differently.
        status: What every request gets in place of an answer.
        fail_first: So many requests for each thing get a 500 before it is served.
        broken: Games whose box score is cut off in the middle.
        missing: Games of the schedule without a box score: 404.
        hang: Games whose box score never comes.
    """

    model_config = ConfigDict(extra="forbid")

    latency: Annotated[float, Field(ge=0)] = 0
    rate_per_minute: int | None = 30
    retry_after: int | None = None
    shape: Literal["v3", "older", "changed"] = "v3"
    digits: int = 3
    status: int | None = None
    fail_first: int = 0
    broken: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    hang: frozenset[str] = frozenset()


class Source:
    """The stand-in's state: seasons, behaviour and ledger."""

    def __init__(self, years: list[int], behaviour: Behaviour | None = None) -> None:
        """Serve the seasons that begin in these years."""
        self.seasons: list[Season] = [season(year) for year in years]
        self._lock = threading.Lock()
        self.reset(behaviour or Behaviour())

    def reset(self, behaviour: Behaviour) -> None:
        """Behave so from now on, with an empty ledger."""
        with self._lock:
            self.behaviour = behaviour
            self.ledger: list[dict[str, Any]] = []
            self._taken: list[float] = []

    def arrive(self, what: str) -> tuple[dict[str, Any], bool]:
        """Enter a request into the ledger; return its entry and whether the rate allows it."""
        now, limit = time.monotonic(), self.behaviour.rate_per_minute
        with self._lock:
            before = sum(entry["what"] == what for entry in self.ledger)
            entry = {"at": now, "what": what, "repeat": before, "status": 0}
            self.ledger.append(entry)
            self._taken = [at for at in self._taken if at > now - 60]
            allowed = limit is None or len(self._taken) < limit
            if allowed:
                self._taken.append(now)
        return entry, allowed

    def between(self, first: date, last: date) -> tuple[Season, list[Game]]:
        """The games of these days, and the season that they belong to."""
        for each in self.seasons:
            games = [game for game in each.games if first <= game.day <= last]
            if games:
                return each, games
        return self.seasons[-1], []

    def game(self, game_id: str) -> Game | None:
        """One game."""
        return next((s.by_id[game_id] for s in self.seasons if game_id in s.by_id), None)


def application(source: Source) -> Starlette:
    """The ASGI application around `source`."""

    async def schedule(request: Request) -> Response:
        query = request.query_params
        entry, allowed = source.arrive(f"schedule {query.get('DateFrom')} {query.get('DateTo')}")
        return await _answer(source, request, entry, allowed, lambda: _schedule(source, query))

    async def box(request: Request) -> Response:
        game_id = request.query_params.get("GameID", "")
        entry, allowed = source.arrive(f"box {game_id}")
        if game_id in source.behaviour.hang:
            await serving.never_answer(request)
        return await _answer(source, request, entry, allowed, lambda: _box(source, game_id))

    async def control(request: Request) -> Response:
        source.reset(Behaviour.model_validate_json(await request.body()))
        return Response(status_code=204)

    def ledger(_request: Request) -> Response:
        return JSONResponse(source.ledger)

    return Starlette(
        routes=[
            Route("/stats/leaguegamefinder", schedule),
            Route("/stats/boxscoretraditionalv3", box),
            Route("/health", lambda _: JSONResponse({"status": "ok"})),
            Route("/__control", control, methods=["PUT"]),
            Route("/__ledger", ledger),
        ]
    )


async def _answer(
    source: Source, request: Request, entry: dict[str, Any], allowed: bool, make: Any
) -> Response:
    behaviour = source.behaviour
    await asyncio.sleep(behaviour.latency)
    if not request.headers.get("user-agent", "").startswith("Mozilla/"):
        await serving.never_answer(request)
    response: Response
    if not allowed:
        headers = (
            {} if behaviour.retry_after is None else {"retry-after": str(behaviour.retry_after)}
        )
        response = PlainTextResponse("Too Many Requests", 429, headers)
    elif behaviour.status is not None:
        response = PlainTextResponse("refused", behaviour.status)
    elif entry["repeat"] < behaviour.fail_first:
        response = PlainTextResponse("error", 500)
    else:
        response = make()
    entry["status"] = response.status_code
    return response


def _schedule(source: Source, query: Any) -> Response:
    try:
        first, last = (_day(query[name]) for name in ("DateFrom", "DateTo"))
    except (KeyError, ValueError):
        return PlainTextResponse("The DateFrom property is required.", 400)
    if query.get("LeagueID") != _LEAGUE:
        return JSONResponse(nba_shapes.schedule(source.seasons[-1], []))
    found, games = source.between(first, last)
    return JSONResponse(nba_shapes.schedule(found, games, source.behaviour.digits))


def _day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone


def _box(source: Source, game_id: str) -> Response:
    behaviour, game = source.behaviour, source.game(game_id)
    if game is None or game_id in behaviour.missing:
        return PlainTextResponse("Not Found", 404)
    if behaviour.shape == "older":
        return JSONResponse(nba_shapes.older_box_score(game, behaviour.digits))
    if behaviour.shape == "changed":
        return JSONResponse({"boxScore": {"id": game_id, "teams": []}})
    response = JSONResponse(nba_shapes.box_score(game, behaviour.digits))
    if game_id in behaviour.broken:
        return Response(bytes(response.body)[:-500], media_type="application/json")
    return response


def main() -> None:
    """Serve the stand-in as the environment says."""
    options = serving.arguments("A stand-in for stats.nba.com.", port=8080).parse_args()
    rate = int(os.environ.get("STANDIN_RATE_PER_MINUTE", "30"))
    years = [int(year) for year in os.environ.get("STANDIN_SEASONS", "2023,2024").split(",")]
    source = Source(years, Behaviour(rate_per_minute=rate or None))
    serving.serve(application(source), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
