from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from function_kit import aws
from function_kit.aws import AwsError

from tests.kit.scripted import Reply, Scripted, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr(aws, "_clients", {})
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with serving() as scripted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", scripted.url)
        yield scripted
        for client in aws._clients.values():
            client.close()


def test_a_client_is_made_once_for_the_same_options(server: Scripted) -> None:
    first = aws.client("dynamodb", max_pool_connections=11)
    assert aws.client("dynamodb", max_pool_connections=11) is first
    assert aws.client("dynamodb", max_pool_connections=12) is not first
    assert aws.client("ssm") is not first
    assert first.meta.endpoint_url == server.url
    assert first.meta.region_name == "eu-west-1"


def test_a_client_waits_and_retries_within_reason(server: Scripted) -> None:
    config = aws.client("dynamodb", read_timeout=9).meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 9)
    assert config.retries["total_max_attempts"] == 3
    assert config.retries["mode"] == "standard"
    server.script(Reply(500), Reply(500), Reply.json({}))
    aws.client("dynamodb").get_item(TableName="t", Key={"pk": {"S": "x"}})
    assert len(server.requests) == 3


def test_a_refusal_has_its_code_and_nothing_of_the_answer(server: Scripted) -> None:
    server.script(Reply.json({"__type": "x#ResourceNotFoundException", "message": "t42"}, 400))
    with pytest.raises(AwsError) as raised, aws.errors("reading the ledger"):
        aws.client("dynamodb").get_item(TableName="t42", Key={"pk": {"S": "x"}})
    assert raised.value.code == "ResourceNotFoundException"
    assert raised.value.status == 400
    assert str(raised.value) == "reading the ledger failed: ResourceNotFoundException"
    assert raised.value.__suppress_context__


def test_a_service_that_is_not_there_is_said(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        client = aws.client("dynamodb", retries={"total_max_attempts": 1})
        with pytest.raises(AwsError) as raised, aws.errors("reading"):
            client.get_item(TableName="t", Key={"pk": {"S": "x"}})
    assert (raised.value.code, raised.value.status) == ("EndpointConnectionError", 0)
    assert server.requests == []


def test_what_is_not_awss_passes_through() -> None:
    with pytest.raises(ValueError, match="own"), aws.errors("reading"):
        raise ValueError("own")
    with aws.errors("reading"):
        pass


def test_an_error_without_a_code_is_still_an_error() -> None:
    with pytest.raises(AwsError, match="x failed: ClientError"), aws.errors("x"):
        raise ClientError({}, "GetItem")
