"""Who may call a route, and what API Gateway itself answers."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_docs_generator.gateway import Route

MESSAGE: Final = "GatewayMessage"
MESSAGE_SCHEMA: Final = {
    "title": MESSAGE,
    "description": "What API Gateway answers when a request does not get to the function.",
    "type": "object",
    "properties": {"message": {"type": ["string", "null"]}},
    "required": ["message"],
}
SIGV4: Final = "sigv4"
_SIGNED: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "AWS Signature Version 4 of service `execute-api`; IAM decides who may call.",
    "x-amazon-apigateway-authtype": "awsSigv4",
}
_EVERYWHERE: Final = {
    429: "Too many requests at once; try again later.",
    500: "The function failed.",
    503: "The function did not answer in time, or there is no room for it.",
}
_NOT_ALLOWED: Final = {
    "AWS_IAM": {403: "There is no valid signature, or its owner may not call this."},
    "JWT": {401: "There is no valid token.", 403: "The token lacks what this needs."},
    "CUSTOM": {401: "The caller did not say who it is.", 403: "The caller may not call this."},
}


def scheme(route: Route) -> tuple[str, dict[str, Any]] | None:
    """The name and the security scheme of a route; None where it is open to all."""
    if route.authorization == "NONE":
        return None
    if route.authorization == "AWS_IAM":
        return SIGV4, _SIGNED
    name = _name(route)
    if route.authorizer and route.authorizer.issuer:
        text = f"A token of {route.authorizer.issuer}."
        return name, {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": text,
        }
    return name, {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "Whatever the API's own authorizer asks for.",
        "x-amazon-apigateway-authtype": "custom",
    }


def requirement(route: Route) -> list[dict[str, list[str]]]:
    """OpenAPI's `security` of a route; empty where it is open to all."""
    found = scheme(route)
    return [{found[0]: list(route.scopes)}] if found else []


def answers(route: Route) -> Iterator[tuple[int, str]]:
    """Each status that API Gateway may answer in place of the function, and when it does."""
    yield from _NOT_ALLOWED.get(route.authorization, {}).items()
    if "{" in route.key:
        yield HTTPStatus.NOT_FOUND.value, "The path is none of the API's."
    yield from _EVERYWHERE.items()


def _name(route: Route) -> str:
    """The authorizer's name, as far as OpenAPI allows its characters."""
    name = route.authorizer.name if route.authorizer else route.authorization.lower()
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)
