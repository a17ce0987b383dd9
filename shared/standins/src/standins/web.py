"""A stand-in for the hosts that web actions call: a weather service, a token server, an echo.

    python -m standins.web --port 8080

`GET /points/<latitude>,<longitude>` and the forecast that it names, as api.weather.gov answers;
`POST /token` gives a token for the user `stand-in` and the password `stand-in`; `/echo` answers
with what it was sent, the names of its headers and whether its bearer token is that token;
`/redirect?to=` leads there; `/status/<code>` answers with that.

For tests: `GET /__ledger` answers `{requests: [{method, path}]}`, without what signed them in.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from standins import serving

if TYPE_CHECKING:
    from starlette.requests import Request

USER = PASSWORD = "stand-in"  # noqa: S105 - of nobody


class Web:
    """The stand-in's state: its ledger, the one token that it gives, and how it fails first."""

    def __init__(self) -> None:
        """Start with an empty ledger."""
        self.requests: list[dict[str, str]] = []
        self.token = secrets.token_urlsafe(16)
        self.token_failures: list[int] = []

    def note(self, request: Request) -> None:
        """Enter a request into the ledger."""
        self.requests.append({"method": request.method, "path": request.url.path})


def application(web: Web) -> Starlette:
    """The ASGI application around `web`."""

    def points(request: Request) -> Response:
        web.note(request)
        forecast = f"{request.base_url}gridpoints/BOU/62,61/forecast"
        return JSONResponse({"properties": {"gridId": "BOU", "forecast": forecast}})

    def forecast(request: Request) -> Response:
        web.note(request)
        return JSONResponse({"properties": {"periods": [_period(n) for n in range(14)]}})

    async def token(request: Request) -> Response:
        web.note(request)
        if web.token_failures:
            return Response(status_code=web.token_failures.pop(0))
        form = parse_qs((await request.body()).decode())
        given = [form.get(name) for name in ("grant_type", "username", "password")]
        if given != [["password"], [USER], [PASSWORD]]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse({"access_token": web.token, "expires_in": 3600})

    async def echo(request: Request) -> Response:
        web.note(request)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse(
            {
                "method": request.method,
                "query": str(request.url.query),
                "body": (await request.body()).decode(errors="replace"),
                "headers": sorted(request.headers.keys()),
                "authorized": secrets.compare_digest(bearer, web.token),
            }
        )

    def redirect(request: Request) -> Response:
        web.note(request)
        return RedirectResponse(request.query_params["to"], status_code=302)

    def status(request: Request) -> Response:
        web.note(request)
        return Response(status_code=int(request.path_params["code"]))

    return Starlette(
        routes=[
            Route("/health", lambda _: JSONResponse({"status": "ok"})),
            Route("/__ledger", lambda _: JSONResponse({"requests": web.requests})),
            Route("/points/{place}", points),
            Route("/gridpoints/{office}/{place}/forecast", forecast),
            Route("/token", token, methods=["POST"]),
            Route("/echo", echo, methods=["GET", "POST"]),
            Route("/redirect", redirect, methods=["GET", "POST"]),
            Route("/status/{code:int}", status, methods=["GET", "POST"]),
        ]
    )


def _period(number: int) -> dict[str, Any]:
    """A half of a day, as the forecast has them."""
    night = number % 2
    return {
        "number": number + 1,
        "name": f"Day {number // 2 + 1}{' night' if night else ''}",
        "isDaytime": not night,
        "temperature": 70 - 20 * night,
        "temperatureUnit": "F",
        "windSpeed": "5 mph",
        "windDirection": "NW",
        "shortForecast": "Mostly Clear" if night else "Sunny",
    }


def main() -> None:
    """Serve the stand-in."""
    options = serving.arguments("A stand-in for web actions' hosts.", port=8080).parse_args()
    serving.serve(application(Web()), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
