"""Requests that schemathesis makes of an OpenAPI document, and what was wrong with the answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests.auth
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

if TYPE_CHECKING:
    from botocore.credentials import Credentials

# No 5xx, no undocumented status, no schema violation.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


WORKERS = 4
# Of an event with the request in it, in Base64 or not: Lambda takes 6 MB.
LAMBDA_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Target:
    """Where requests go.

    Attributes:
        url: What is connected to.
        host: What is asked for, and signed.
    """

    url: str
    host: str


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        statuses: How often each status was answered, by operation.
        problems: What was wrong, with how to ask for it again.
        rounds: How many there were.
    """

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    rounds: int = 0

    @property
    def cases(self) -> int:
        """How many requests were answered."""
        return sum(sum(counts.values()) for counts in self.statuses.values())


class Signature(requests.auth.AuthBase):
    """SigV4 for API Gateway, over what is really sent."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._signer = SigV4Auth(credentials, "execute-api", region)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        host = str(request.headers["Host"])
        url = str(urlsplit(str(request.url))._replace(netloc=host).geturl())
        asked = AWSRequest(str(request.method), url, headers={"host": host}, data=request.body)
        self._signer.add_auth(asked)
        request.headers.update(dict(asked.headers.items()))
        return request


def run(
    document: dict[str, Any],
    target: Target,
    cases: int,
    auth: requests.auth.AuthBase | None = None,
) -> Outcome:
    """Ask every operation: its examples, the edges of its schemas, then generated requests.

    Args:
        document: The OpenAPI document.
        target: Where to.
        cases: How many requests there must be at least, over all operations.
        auth: Signs; without it nobody is named.
    """
    outcome = Outcome()
    operations = sum(len(item) for item in document["paths"].values())
    _round(outcome, document, target, auth, _Round(cases // operations))
    # Some operations have few requests that differ; the others make up for them.
    while outcome.cases < cases and not outcome.problems:
        before, number = outcome.cases, outcome.rounds
        _round(outcome, document, target, auth, _Round((cases - before) // operations + 1, number))
        assert outcome.cases > before, "no request is left to be made"
    return outcome


@dataclass(frozen=True)
class _Round:
    """How many requests an operation gets; after the first round, generated ones alone."""

    examples: int
    number: int = 0


def _round(
    outcome: Outcome,
    document: dict[str, Any],
    target: Target,
    auth: requests.auth.AuthBase | None,
    which: _Round,
) -> None:
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20260102 + which.number,
            "base-url": target.url,
            "headers": {"Host": target.host},
            "workers": WORKERS,
            "continue-on-failure": True,
            "request-timeout": 60,
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "generation": {
                "max-examples": which.examples,
                "no-shrink": True,
                "with-security-parameters": False,
                "database": "none",
            },
            "phases": {
                "stateful": {"enabled": False},
                "examples": {"enabled": which.number == 0},
                # Methods that a path has no route for are nobody's: API Gateway answers 404.
                "coverage": {"enabled": which.number == 0, "unexpected-methods": []},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    if auth:
        schema.auth.set_from_requests(auth)
    for event in from_schema(schema).execute():
        _take(outcome, event)
    outcome.rounds += 1


def _take(outcome: Outcome, event: events.EngineEvent) -> None:
    if isinstance(event, events.NonFatalError | events.FatalError):
        outcome.problems.append(f"schemathesis: {vars(event)}")
    if isinstance(event, events.ScenarioFinished):
        recorder = event.recorder
        counts = outcome.statuses.setdefault(recorder.label, Counter())
        taken = [key for key, one in recorder.interactions.items() if _reaches_a_function(one)]
        for interaction in map(recorder.interactions.__getitem__, taken):
            if interaction.response is not None:
                counts[interaction.response.status_code] += 1
        outcome.problems += [
            f"{recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
            for key in taken
            for check in recorder.checks.get(key, [])
            if check.failure_info
        ]


def _reaches_a_function(interaction: Any) -> bool:
    """Whether Lambda takes the request at all: what is larger, AWS answers itself (413)."""
    body = interaction.request.body
    return body is None or len(body) <= LAMBDA_BYTES
