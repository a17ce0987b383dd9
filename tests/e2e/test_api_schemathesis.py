"""The deployed API held against its own description: every request has an answer it describes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.e2e.conftest import Stack
from tests.kit.generated_cases import Outcome, Signature, Target, run
from tests.kit.http_api import Api
from tests.kit.junit import Record

pytestmark = pytest.mark.stack
CASES = 3000
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return Api(stack.place)


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.call("GET", "/openapi.json", signed=False).json()
    return found


@pytest.fixture(scope="module")
def target(stack: Stack, api: Api) -> Target:
    assert stack.environment.endpoint is not None
    return Target(stack.environment.endpoint, api.host)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def public(document: dict[str, Any]) -> set[str]:
    return {key for key, found in operations(document).items() if not found["security"]}


def told(outcome: Outcome) -> str:
    """The problems, each kind once for each operation, for a person to read."""
    kinds = {problem.partition("\n")[0]: problem for problem in reversed(outcome.problems)}
    return "\n\n".join([f"{len(outcome.problems)} problems", *sorted(kinds.values())])


def test_the_document_is_valid_and_describes_what_is_deployed(
    api: Api, document: dict[str, Any]
) -> None:
    OpenAPIV31SpecValidator(document).validate()
    deployed = {route.key.replace("+}", "}") for route in api.routes()}
    assert set(operations(document)) == deployed - {"$default"}
    undescribed = {k: v["x-warning"] for k, v in operations(document).items() if "x-warning" in v}
    assert undescribed == {}
    assert urlsplit(document["servers"][0]["url"]).netloc == api.host


def test_callers_with_a_signature_get_what_is_described(
    stack: Stack,
    document: dict[str, Any],
    target: Target,
    record_property: Record,
) -> None:
    signature = Signature(stack.environment.credentials(), stack.environment.region)
    outcome = run(document, target, CASES, signature)
    assert outcome.problems == [], told(outcome)
    record_property("cases", outcome.cases)
    assert outcome.cases >= CASES
    assert set(outcome.statuses) == set(operations(document))
    # The signatures were good: what is refused is not who asks.
    refused = {key: n[403] for key, n in outcome.statuses.items() if n.total() == n[403]}
    assert refused == {}


def test_strangers_are_refused_whatever_they_send(document: dict[str, Any], target: Target) -> None:
    outcome = run(document, target, CASES // 10)
    assert outcome.problems == [], told(outcome)
    closed = set(outcome.statuses) - public(document)
    assert closed
    for key in closed:
        assert set(outcome.statuses[key]) == {403}, key
    for key in public(document):
        assert not {401, 403} & set(outcome.statuses[key]), key
