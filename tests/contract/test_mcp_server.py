"""The contract of mcp-server, against a real local S3 that enforces IAM."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import re
import uuid
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
import structlog
from function_kit.expectations import refusal
from function_kit.handler import SmokeFailed
from function_kit.openapi import describe
from mcp_server.api import OPERATIONS
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.kit import gold_objects
from tests.kit.invoke import LambdaContext
from tests.kit.mcp_http import ROUTES, call
from tests.kit.program import ROOT
from tests.kit.services import local_aws
from tests.kit.small_aws import closing_apis

BUCKET = "gold-of-the-contract"
EVENTS = {p.stem: p for p in (ROOT / "images" / "mcp-server" / "events").glob("*.json")}
ARN = f"arn:aws:s3:::{BUCKET}"
# As terraform/hoopstat_mcp.tf has them.
STATEMENTS = {
    "ReadGold": ("s3:GetObject", f"{ARN}/*"),
    "TellMissingFromForbidden": ("s3:ListBucket", ARN),
}


def client(endpoint: str, service: str) -> Any:
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=endpoint,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with local_aws() as endpoint:
        s3 = client(endpoint, "s3")
        s3.create_bucket(Bucket=BUCKET)
        for key, content in gold_objects.objects().items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content).encode())
        yield endpoint


@contextlib.contextmanager
def handling(endpoint: str, *sids: str, **variables: str) -> Iterator[Any]:
    """The handler, cold, with a key that may what these statements say."""
    iam, name = client(endpoint, "iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    allowed = [
        {"Effect": "Allow", "Action": STATEMENTS[sid][0], "Resource": STATEMENTS[sid][1]}
        for sid in sids
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    environment = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "ENVIRONMENT": "local",
        "GOLD_BUCKET": BUCKET,
    }
    before = logging.getLogger().handlers[:]
    with mock.patch.dict("os.environ", environment | variables), closing_apis():
        module = importlib.reload(importlib.import_module("mcp_server.handler"))
        try:
            yield lambda event: module.handler(event, LambdaContext())
        finally:
            structlog.reset_defaults()
            logging.getLogger().handlers = before


def failing(handler: Any) -> set[str]:
    """The sample events that are not answered as they expect."""
    wrong = set()
    for name, path in EVENTS.items():
        sample = json.loads(path.read_text())
        try:
            answer = handler(sample["event"])
        except SmokeFailed:
            wrong.add(name)
            continue
        if refusal(answer, None, sample["expect"], path.name):
            wrong.add(name)
    return wrong


def test_every_sample_event_is_answered_as_it_expects(aws: str) -> None:
    with handling(aws, *STATEMENTS) as handler:
        assert failing(handler) == set()


@pytest.mark.parametrize("sid", STATEMENTS)
def test_taking_any_one_statement_out_makes_something_fail(aws: str, sid: str) -> None:
    with handling(aws, *(STATEMENTS.keys() - {sid})) as handler:
        # The smoke test among them: a release with too few permissions never goes live.
        assert "smoke" in failing(handler)


def test_terraform_grants_just_these_statements() -> None:
    text = (ROOT / "terraform" / "hoopstat_mcp.tf").read_text()
    granted = re.findall(r"(\w+) = \{\s+actions\s+= \[\"([^\"]+)\"\]", text)
    assert dict(granted) == {sid: action for sid, (action, _) in STATEMENTS.items()}


def test_an_answer_is_gold_s_object_and_a_log_line_names_no_player(
    aws: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = json.loads(EVENTS["get_index"].read_text())["event"]
    body = json.dumps(call("get_player_season_stats", player_name="nikola jokic"))
    with handling(aws, *STATEMENTS) as handler:
        answer = json.loads(handler(sample | {"body": body})["body"])
    expected = gold_objects.player_season(gold_objects.JOKIC, "2024-25")
    assert answer["result"]["structuredContent"] == expected
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["event"] == "tool_called"]
    assert (line["tool"], line["is_error"]) == ("get_player_season_stats", False)
    assert "aws_request_id" in line


def test_pages_of_an_origin_that_is_named_may_call(aws: str) -> None:
    sample = json.loads(EVENTS["other_origin"].read_text())
    origin = sample["event"]["headers"]["origin"]
    with handling(aws, *STATEMENTS, MCP_ORIGINS=f"https://a.example.com, {origin}") as handler:
        assert handler(sample["event"])["statusCode"] == 200


def test_a_bucket_that_is_away_is_a_failed_smoke_test(aws: str) -> None:
    with (
        handling(aws, *STATEMENTS, GOLD_BUCKET="not-there-at-all") as handler,
        pytest.raises(SmokeFailed, match="gold"),
    ):
        handler({"test": True})


def test_it_describes_its_routes() -> None:
    found = describe(OPERATIONS)
    assert set(found["operations"]) == set(ROUTES)
    paths: dict[str, Any] = {}
    for route, operation in found["operations"].items():
        paths.setdefault("/mcp", {})[route.split()[0].lower()] = operation
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        "components": {"schemas": found["schemas"]},
    }
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
