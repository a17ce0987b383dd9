"""API routes, asked as a client asks them: with a signature, and without one."""

from __future__ import annotations

import os
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fleet import http_api
from fleet.release.validation.checks import Check, failed, passed, skipped

if TYPE_CHECKING:
    import httpx

    from fleet.release.validation.subject import Options, Subject

TIMEOUT_SECONDS = 35.0  # API Gateway gives a function 30
# A token for an API that takes these. It goes into a header and nowhere else.
TOKEN_VARIABLE = "FLEET_API_TOKEN"  # noqa: S105 - the variable's name
# What a client may send without changing anything.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What API Gateway answers for a function that it then does not call, by the route's authorization.
_REFUSALS = {"AWS_IAM": HTTPStatus.FORBIDDEN, "JWT": HTTPStatus.UNAUTHORIZED}


def check(subject: Subject, options: Options) -> list[Check]:
    """Each route of Terraform's output `routes` answers as it should, and refuses strangers."""
    if not subject.routes:
        return [skipped("routes.all", "no API leads to it")]
    import httpx  # noqa: PLC0415  slow to import, and every verb reads this module

    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
        return [
            made for route in subject.routes for made in _route(client, subject, route, options)
        ]


def _route(
    client: httpx.Client, subject: Subject, route: dict[str, Any], options: Options
) -> list[Check]:
    method, url = str(route["method"]).upper(), str(route["url"])
    name = f"routes.{method} {route['path']}"
    local = subject.environment.is_local
    if not (local or url.startswith("https://")):
        return [failed(name, "its URL is not https", "mend it in Terraform's output `routes`")]
    checks = []
    if method in _SAFE or local or options.all_events:
        checks.append(_ask(client, subject, route, name))
    else:
        checks.append(skipped(name, "it may have effects", "--all-events asks it all the same"))
    if route.get("authorization") in _REFUSALS:
        checks.append(_ask_as_a_stranger(client, subject, route, name))
    return checks


def _ask(client: httpx.Client, subject: Subject, route: dict[str, Any], name: str) -> Check:
    authorization = route.get("authorization", "NONE")
    token = os.environ.get(TOKEN_VARIABLE, "") if authorization == "JWT" else ""
    if authorization == "JWT" and not token:
        return skipped(name, "it takes a token", f"{TOKEN_VARIABLE}=… gives it one")
    asked = http_api.request(
        subject.environment,
        str(route["method"]).upper(),
        str(route["url"]),
        route.get("body"),
        signed=authorization == "AWS_IAM",
        token=token,
    )
    wanted = int(route.get("expect_status", HTTPStatus.OK))
    todo = f"`fleet logs --function {subject.function}` shows whether the function was called"
    return _judge(client, asked, wanted, name, todo)


def _ask_as_a_stranger(
    client: httpx.Client, subject: Subject, route: dict[str, Any], name: str
) -> Check:
    """Without a signature, and without a body: should the route be open, little can happen."""
    method = str(route["method"]).upper()
    asked = http_api.request(subject.environment, method, str(route["url"]), signed=False)
    wanted = int(_REFUSALS[route["authorization"]])
    return _judge(client, asked, wanted, f"{name} unsigned", subject.apply)


def _judge(
    client: httpx.Client, asked: http_api.Request, wanted: int, name: str, todo: str
) -> Check:
    import httpx  # noqa: PLC0415  as above

    began = time.perf_counter()
    try:
        answer = client.request(
            asked.method, asked.url, headers=asked.headers, content=asked.body or None
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return failed(
            name,
            f"{urlsplit(asked.url).netloc} does not answer: {type(error).__name__}",
            "check that the API is deployed, and its name resolves from here",
            time.perf_counter() - began,
        )
    seconds, status = time.perf_counter() - began, answer.status_code
    if status == wanted:
        return passed(name, f"{status} after {seconds * 1000:.0f} ms", seconds)
    return failed(name, f"it answered {status}, not {wanted}", todo, seconds)
