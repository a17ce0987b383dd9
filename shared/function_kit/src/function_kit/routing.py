"""Which code answers which request, for a function that has several routes or a whole API."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from function_kit.http_api import HttpError, Response, error, parse_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from function_kit.openapi import Operation

type Serve[S] = Callable[[Request, S], Response]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as API Gateway passes it on in payload format 2.0.

    Attributes:
        id: The invocation's id, for the answer.
        method: The method, in capitals.
        path: The path.
        parameters: What stands in the path where the route has a name, decoded.
        query: The query. API Gateway joins values of one name with commas.
        headers: Names are in lower case.
        event: The whole event.
    """

    id: str
    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The JSON object in the body; empty without one.

        Raises:
            HttpError: 400, it is not a JSON object.
        """
        return parse_body(self.event)


class Router[S]:
    """The routes of a function, by API Gateway's route keys, and what serves each."""

    def __init__(self, routes: Mapping[str, Serve[S]]) -> None:
        """Take the routes.

        Args:
            routes: By route key, such as `GET /things/{id}`. A fixed word wins over a name.
        """
        self._routes = dict(routes)
        self._paths: dict[tuple[str, ...], dict[str, Serve[S]]] = {}
        for key, serve in routes.items():
            method, _, path = key.partition(" ")
            self._paths.setdefault(_segments(path), {})[method] = serve
        # Names last: `{` is greater than every letter.
        self._order = sorted(self._paths)

    def require(self, operations: Sequence[Operation]) -> None:
        """See that just these routes are documented.

        Raises:
            ValueError: A route has no operation, or an operation no route.
        """
        documented = [operation.route for operation in operations]
        if sorted(documented) != sorted(self._routes):
            differing = sorted(set(documented) ^ set(self._routes)) or "some are there twice"
            raise ValueError(f"routes and their documentation differ: {differing}")

    def serve(self, event: Mapping[str, Any], request_id: str, settings: S) -> Response:
        """Answer one request.

        Args:
            event: API Gateway's, in payload format 2.0.
            request_id: The invocation's id.
            settings: What the route's own code is given beside the request.

        Raises:
            HttpError: 404, no route has this path; 400, the event is not API Gateway's.
        """
        request = _request(event, request_id)
        methods, parameters = self._match(request.path)
        wanted = "GET" if request.method == "HEAD" else request.method
        serve = methods.get(wanted)
        if serve is None:
            allowed = ", ".join(sorted(methods))
            return error(
                405,
                "method_not_allowed",
                f"The path allows {allowed}.",
                request_id=request_id,
                headers={"allow": allowed},
            )
        answer = serve(replace(request, parameters=parameters), settings)
        return answer | {"body": ""} if request.method == "HEAD" else answer

    def _match(self, path: str) -> tuple[Mapping[str, Serve[S]], dict[str, str]]:
        segments = _segments(path)
        for template in self._order:
            if len(template) == len(segments):
                found = _parameters(template, segments)
                if found is not None:
                    return self._paths[template], found
        raise HttpError(404, "not_found", "There is nothing at this path.")


def _request(event: Mapping[str, Any], request_id: str) -> Request:
    try:
        http = event["requestContext"]["http"]
        method, path = str(http["method"]).upper(), str(event["rawPath"])
    except (KeyError, TypeError):
        raise HttpError(
            400, "invalid_request", "The event is no request of an HTTP API (payload 2.0)."
        ) from None
    headers = {str(k).lower(): v for k, v in (event.get("headers") or {}).items()}
    query = event.get("queryStringParameters") or {}
    return Request(request_id, method, path, {}, query, headers, event)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def _parameters(template: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    """The values of a template's names, or None when it is not the path's."""
    found = {}
    for wanted, segment in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            found[wanted[1:-1]] = unquote(segment)
        elif wanted != segment:
            return None
    # No route means an empty name.
    return found if all(found.values()) else None
