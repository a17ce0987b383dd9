"""api-docs-generator and lambda-test-runner against a real local AWS that enforces IAM."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from function_kit.handler import SmokeFailed
from function_kit.openapi import describe
from function_kit.s3 import Bucket
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.kit.docs import CLOCK, TREATMENTS, document, request
from tests.kit.invoke import LambdaContext
from tests.kit.local_functions import ACCOUNT, REGION, LocalAws
from tests.kit.services import local_aws
from tests.kit.small_aws import closing_apis

PREFIX = "lambda-fleet-local"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}"
GOOD = """
import json

SAID = json.loads({said!r})

def handler(event, context):
    if event == {{"describe": "openapi"}}:
        return {{"statusCode": 200, "openapi": SAID}}
    return {{"statusCode": 200 if event.get("test") else 418}}
"""
BAD = """
def handler(event, context):
    raise RuntimeError("no database")
"""


@dataclass(frozen=True)
class Place:
    """The local AWS with its functions, and an API in front of them."""

    aws: LocalAws
    api_id: str


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with local_aws() as endpoint:
        aws = LocalAws(endpoint)
        good = aws.function(
            f"{PREFIX}-good", GOOD.format(said=json.dumps(describe([CLOCK, TREATMENTS])))
        )
        bad = aws.function(f"{PREFIX}-bad", BAD)
        for name in ("docs", "reports"):
            aws.client("s3").create_bucket(Bucket=name)
        routes = {
            "GET /clock": (good, "AWS_IAM"),
            "POST /ppu/treatments": (good, "JWT"),
            "GET /bad/{id}": (bad, "NONE"),
        }
        yield Place(aws, aws.http_api("devices", routes))


@contextmanager
def handling(place: Place, module: str, **variables: str) -> Iterator[Any]:
    """A function's handler, cold, with these variables."""
    common = {"AWS_ENDPOINT_URL": place.aws.endpoint, "AWS_REGION": REGION, "ENVIRONMENT": "local"}
    with mock.patch.dict("os.environ", common | variables), closing_apis():
        handler = importlib.reload(importlib.import_module(f"{module}.handler")).handler
        yield lambda event: handler(event, LambdaContext())


def docs_statements(api_id: str) -> dict[str, tuple[list[str], list[str]]]:
    """What README.md says that the generator needs, as the local AWS names it."""
    api = f"arn:aws:apigateway:{REGION}::/apis/{api_id}"
    functions = [f"{ARN}-good", f"{ARN}-bad"]
    return {
        "ReadApis": (["apigateway:GET"], [api, f"{api}/*"]),
        "AskFunctions": (["lambda:InvokeFunction"], [f"{arn}:live" for arn in functions]),
        # GetAlias on AWS; the local AWS takes it for ListAliases.
        "SeeWhatIsLive": (["lambda:ListAliases"], functions),
        "KeepDocuments": (["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::docs/*"]),
        "TellMissingFromForbidden": (["s3:ListBucket"], ["arn:aws:s3:::docs"]),
    }


@contextmanager
def generator(place: Place, **statements: Any) -> Iterator[Any]:
    variables = {
        "AWS_LAMBDA_FUNCTION_NAME": f"{PREFIX}-api-docs-generator",
        "API_IDS": place.api_id,
        "DOCS_BUCKET": "docs",
    }
    keys = place.aws.user(**statements)
    with handling(place, "api_docs_generator", **variables, **keys) as handler:
        yield handler


def test_the_document_is_of_what_is_deployed(place: Place) -> None:
    with generator(place, **docs_statements(place.api_id)) as handler:
        found = document(handler(request("GET /openapi.json")))
        published = handler({"format": "html"})["documents"][0]
    OpenAPIV31SpecValidator(found).validate()
    told = {
        f"{method.upper()} {path}": (operation["security"], "x-warning" in operation)
        for path, item in found["paths"].items()
        for method, operation in item.items()
    }
    assert told == {
        "GET /clock": ([{"sigv4": []}], False),
        "POST /ppu/treatments": ([{"issuer": []}], False),
        "GET /bad/{id}": ([], True),
    }
    assert found["servers"][0]["url"].endswith(place.aws.endpoint.rpartition(":")[2])
    page = place.aws.client("s3").get_object(Bucket="docs", Key=published["key"])
    assert b"swagger-ui" in page["Body"].read()


def test_the_generator_s_smoke_test_needs_every_statement(place: Place) -> None:
    statements = docs_statements(place.api_id)
    with generator(place, **statements) as handler:
        assert handler({"test": True})["statusCode"] == 200
    for sid in statements:
        less = {name: statement for name, statement in statements.items() if name != sid}
        with generator(place, **less) as handler, pytest.raises(SmokeFailed):
            handler({"test": True})


def runner_statements() -> dict[str, tuple[list[str], list[str]]]:
    """What README.md says that the runner needs."""
    functions = [f"{ARN}-good:live", f"{ARN}-bad:live"]
    return {
        "InvokeFunctions": (["lambda:InvokeFunction"], functions),
        "WriteReports": (["s3:PutObject"], ["arn:aws:s3:::reports/test-reports/*"]),
    }


@contextmanager
def runner(place: Place, **statements: Any) -> Iterator[Any]:
    variables = {
        "FUNCTIONS": "good,bad",
        "FUNCTION_PREFIX": PREFIX,
        "TEST_REPORT_BUCKET": "reports",
    }
    keys = place.aws.user(**statements)
    with handling(place, "lambda_test_runner", **variables, **keys) as handler:
        yield handler


def test_the_runner_counts_a_failed_function_and_writes_it_down(place: Place) -> None:
    case = {"function": "good", "name": "teapot", "event": {}, "expect": {"statusCode": 418}}
    with runner(place, **runner_statements()) as handler:
        answer = handler({"functions": ["good", "bad"], "cases": [case]})
    assert [(r["function"], r["passed"]) for r in answer["results"]] == [
        ("good", True),
        ("bad", False),
        ("good", True),
    ]
    assert answer["results"][1]["reason"].endswith("Error: no database")
    client = place.aws.client("s3")
    for key in answer["reports"].values():
        content = client.get_object(Bucket="reports", Key=key)["Body"].read().decode()
        assert "Error: no database" in content


def test_the_runner_s_smoke_test_needs_every_statement(place: Place) -> None:
    statements = runner_statements()
    with runner(place, **statements) as handler:
        assert handler({"test": True})["statusCode"] == 200
    for sid in statements:
        less = {name: statement for name, statement in statements.items() if name != sid}
        with runner(place, **less) as handler, pytest.raises(SmokeFailed):
            handler({"test": True})


def test_objects_are_written_read_and_missed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", place.aws.endpoint)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    bucket, key = Bucket("docs", 5.0), "a b/ü+&=.json"
    try:
        assert bucket.get(key) is None
        bucket.put(key, b"{}", "application/json")
        assert bucket.get(key) == b"{}"
        found = place.aws.client("s3").head_object(Bucket="docs", Key=key)
        assert found["ContentType"] == "application/json"
    finally:
        bucket.close()
