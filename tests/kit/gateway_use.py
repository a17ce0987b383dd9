"""Using the deployed invoke gateway as a client does: what needs a token is in no sample event."""

from __future__ import annotations

import json
import secrets
from typing import Any

from fleet.commands.options import Workplace
from fleet.release.told import ALIAS

from tests.kit.gateway import DEFAULT, Gateway
from tests.kit.program import fleet

FUNCTION = "lambda-action"
INVOKED = "sync-clock"
_API = Gateway(lambda event, _context: event, [DEFAULT], public=[DEFAULT])


def refusal(place: Workplace) -> str | None:
    """The first thing that a new client cannot do with the function that it may invoke."""
    name = place.environment.function_name(INVOKED)
    client = f"use-{secrets.token_hex(4)}"
    added = fleet("gateway", "client", "add", client, "--prefix", name, "--json")
    if added.code:
        return f"add a client: {added.said}"
    try:
        return _use(place, name, added.json)
    finally:
        fleet("gateway", "client", "revoke", client)


def _use(place: Workplace, name: str, client: dict[str, Any]) -> str | None:
    given = {key: client[key] for key in ("client_id", "client_secret")}
    status, answer = _ask(place, "POST", "/api/v1/token", "", given)
    if status != 200:
        return f"sign in: {status}"
    event = place.project.event(INVOKED, "get_clock").event
    invocation = {"function_name": name, "payload": json.dumps(event), "alias": ALIAS}
    for what, method, path, body in (
        ("list", "GET", "/api/v1/functions", None),
        ("describe", "GET", f"/api/v1/functions/{name}", None),
        ("invoke", "POST", "/api/v1/invoke", invocation),
    ):
        status, found = _ask(place, method, path, answer["token"], body)
        if status != 200 or found.get("success") is False or found.get("functions") == []:
            return f"{what} functions: {status}"
    return None


def _ask(
    place: Workplace, method: str, path: str, token: str, body: Any
) -> tuple[int, dict[str, Any]]:
    headers = {"host": "gateway.example.com", "content-type": "application/json"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    text = b"" if body is None else json.dumps(body).encode()
    event = _API.event(method, path, headers, text)
    answer = place.control(FUNCTION).invoke(ALIAS, event)
    if answer.function_error or not isinstance(answer.payload, dict):
        return 0, {}
    return answer.payload["statusCode"], json.loads(answer.payload["body"])
