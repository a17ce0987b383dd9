"""API routes, asked as a client asks them."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fleet.release.validation.checks import Check, failed, passed, skipped

if TYPE_CHECKING:
    import httpx

    from fleet.release.validation.subject import Options, Subject

TIMEOUT_SECONDS = 35.0  # API Gateway gives a function 30
# What a client may send without changing anything.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check(subject: Subject, options: Options) -> list[Check]:
    """Each route of Terraform's output `routes` answers with the status that it should."""
    if not subject.routes:
        return [skipped("routes.all", "no API leads to it")]
    import httpx  # noqa: PLC0415  slow to import, and every verb reads this module

    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
        return [_ask(client, subject, route, options) for route in subject.routes]


def _ask(client: httpx.Client, subject: Subject, route: dict[str, Any], options: Options) -> Check:
    method, url = str(route["method"]).upper(), str(route["url"])
    name = f"routes.{method} {route['path']}"
    local = subject.environment.is_local
    if not (local or url.startswith("https://")):
        return failed(name, "its URL is not https", "mend it in Terraform's output `routes`")
    if method not in _SAFE and not (local or options.all_events):
        return skipped(name, "it may have effects", "--all-events asks it all the same")
    import httpx  # noqa: PLC0415  as above

    began = time.perf_counter()
    try:
        answer = client.request(method, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return failed(
            name,
            f"{urlsplit(url).netloc} does not answer: {type(error).__name__}",
            "check that the API is deployed, and its name resolves from here",
            time.perf_counter() - began,
        )
    return _judge(name, subject, answer.status_code, route, time.perf_counter() - began)


def _judge(
    name: str, subject: Subject, status: int, route: dict[str, Any], seconds: float
) -> Check:
    wanted = int(route.get("expect_status", HTTPStatus.OK))
    if status == wanted:
        return passed(name, f"{status} after {seconds * 1000:.0f} ms", seconds)
    return failed(
        name,
        f"it answered {status}, not {wanted}",
        f"`fleet logs --function {subject.function}` shows whether the function was called",
        seconds,
    )
