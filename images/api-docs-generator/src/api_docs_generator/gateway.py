"""API Gateway's HTTP APIs as they are deployed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from function_kit.aws_errors import AwsError
from function_kit.signed_api import code
from function_kit.sigv4 import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from function_kit.signed_api import SignedApi

_FAILED: Final = 400
_PAGE: Final = "500"  # items, API Gateway's own limit
# Bare, or inside the ARN that API Gateway's own console writes: …:lambda:path/…/functions/<this>.
_FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d+:function:[\w-]+(?::[\w$-]+)?")


@dataclass(frozen=True, slots=True)
class Authorizer:
    """What checks a route's callers; `issuer` is empty when it is no JWT's."""

    name: str
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One deployed route.

    Attributes:
        key: API Gateway's: `POST /load`, `ANY /x`, `$default`.
        authorization: NONE, AWS_IAM, JWT or CUSTOM.
        authorizer: With JWT and CUSTOM.
        scopes: Of which a JWT must have one.
        function: The ARN of the function behind it, with its alias; None when it is another's.
    """

    key: str
    authorization: str = "NONE"
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """One HTTP API; its routes are sorted by path, then method."""

    id: str
    name: str
    endpoint: str
    description: str = ""
    version: str = ""
    routes: tuple[Route, ...] = ()


class Gateway:
    """Reads HTTP APIs."""

    def __init__(self, api: SignedApi) -> None:
        """Take API Gateway's API."""
        self._api = api

    def read(self, api_id: str) -> Api:
        """An API with all its routes.

        Raises:
            AwsError: There is none of that id, it may not be read, or API Gateway could not be
                used.
        """
        path = f"/v2/apis/{encode(api_id)}"
        found = self._get(path)
        functions = {i["integrationId"]: _function(i) for i in self._all(f"{path}/integrations")}
        authorizers = {a["authorizerId"]: _authorizer(a) for a in self._all(f"{path}/authorizers")}
        routes = [_route(item, functions, authorizers) for item in self._all(f"{path}/routes")]
        return Api(
            id=api_id,
            name=found["name"],
            endpoint=found["apiEndpoint"],
            description=found.get("description", ""),
            version=found.get("version", ""),
            routes=tuple(sorted(routes, key=lambda route: route.key.split(" ")[::-1])),
        )

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        query = {"maxResults": _PAGE}
        while True:
            page = self._get(f"{path}?{urlencode(query)}")
            yield from page.get("items", [])
            if not page.get("nextToken"):
                return
            query["nextToken"] = page["nextToken"]

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._api.call("GET", path)
        if answer.status >= _FAILED:
            raise AwsError(code(answer), "reading API Gateway failed", answer.status)
        content: dict[str, Any] = json.loads(answer.body)
        return content


def _function(integration: Mapping[str, Any]) -> str | None:
    match = _FUNCTION.search(integration.get("integrationUri") or "")
    return match[0] if match else None


def _authorizer(item: Mapping[str, Any]) -> Authorizer:
    return Authorizer(item["name"], (item.get("jwtConfiguration") or {}).get("issuer", ""))


def _route(
    item: Mapping[str, Any],
    functions: Mapping[str, str | None],
    authorizers: Mapping[str, Authorizer],
) -> Route:
    return Route(
        key=item["routeKey"],
        authorization=item.get("authorizationType") or "NONE",
        authorizer=authorizers.get(item.get("authorizerId", "")),
        scopes=tuple(item.get("authorizationScopes") or ()),
        function=functions.get((item.get("target") or "").rpartition("/")[2]),
    )
