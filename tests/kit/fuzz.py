"""Requests made up from an API's own description, good and bad; answers are held against it."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class Signed(requests.auth.AuthBase):
    """Signs what is sent, for an API of API Gateway; its host, if the URL's is another."""

    def __init__(self, key: str, secret: str, region: str, host: str = "") -> None:
        self._signer = SigV4Auth(Credentials(key, secret), "execute-api", region)
        self._host = host

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        assert request.url is not None
        url = request.url
        if self._host:
            request.headers["host"] = self._host
            url = urlsplit(url)._replace(netloc=self._host).geturl()
        signed = AWSRequest(request.method, url, data=request.body or b"")
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers))
        return request


@dataclass
class Found:
    """What came of it.

    Attributes:
        statuses: How many answers of which status, by operation.
    """

    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return sum(counter.total() for counter in self.statuses.values())


def document(description: dict[str, Any], title: str = "API") -> dict[str, Any]:
    """What a function says of its API, as an OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in description["operations"].items():
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {"schemas": description["schemas"]},
    }


def fuzz(
    api: dict[str, Any],
    url: str,
    auth: requests.auth.AuthBase | None,
    cases: int,
    known: dict[str, str] | None = None,
) -> Found:
    """Send so many good and as many bad requests to each operation.

    Args:
        api: The document.
        url: Where the API is.
        auth: Signs requests.
        cases: How many, for each operation and kind.
        known: Values of path parameters that name something which is there: as many requests
            more go to these.

    Raises:
        Failure: An answer is 5xx, or not as the document says.
    """
    found = Found()
    schema = schemathesis.openapi.from_dict(api)
    with requests.Session() as session:
        session.auth = auth
        for operation in (result.ok() for result in schema.get_all_operations()):
            seen = found.statuses.setdefault(operation.label, Counter())
            for mode in GenerationMode:
                _send(operation.as_strategy(generation_mode=mode), url, session, cases, seen)
            there = {k: v for k, v in (known or {}).items() if f"{{{k}}}" in operation.path}
            if there:
                _send(operation.as_strategy(path_parameters=there), url, session, cases, seen)
    return found


def _send(
    strategy: Any, url: str, session: requests.Session, cases: int, seen: Counter[int]
) -> None:
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Any) -> None:
        response = case.call(base_url=url, session=session)
        seen[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    # What takes nothing cannot be asked wrongly.
    with contextlib.suppress(Unsatisfiable):
        run()
