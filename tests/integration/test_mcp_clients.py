"""The official SDK's client drives the server over HTTP and over stdio, on a real local S3."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import boto3
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from mcp_server.gold import Gold

from tests.kit import gold_objects
from tests.kit.gold_edge import service
from tests.kit.mcp_http import serving_mcp
from tests.kit.services import local_aws
from tests.kit.small_aws import closing_apis

BUCKET = "gold-of-this-test"
PROGRAM = str(Path(sys.executable).with_name("mcp-server"))
JAMES = gold_objects.JAMES
ERAS = ("legacy", "2026-07-28")
type Connect = Callable[[str], AbstractAsyncContextManager[Client]]


@pytest.fixture(scope="module")
def gold() -> Iterator[dict[str, str]]:
    """A bucket with the small gold layer; the variables with which it is reached."""
    with local_aws() as endpoint:
        variables = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "GOLD_BUCKET": BUCKET,
        }
        with mock.patch.dict("os.environ", variables | {"AWS_DEFAULT_REGION": "us-east-1"}):
            s3 = boto3.client("s3")
            s3.create_bucket(Bucket=BUCKET)
            for key, content in gold_objects.objects().items():
                s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content).encode())
            yield variables


@pytest.fixture(scope="module", params=["http", "stdio"])
def connect(request: pytest.FixtureRequest, gold: dict[str, str]) -> Iterator[Connect]:
    if request.param == "stdio":
        yield lambda era: over_stdio(gold, era)
        return
    with closing_apis(), serving_mcp(service(Gold(BUCKET))) as url:
        yield lambda era: Client(url, mode=era)


@contextlib.asynccontextmanager
async def over_stdio(variables: dict[str, str], era: str) -> AsyncIterator[Client]:
    """What a desktop client does: it starts the program and talks to it."""
    server = StdioServerParameters(command=PROGRAM, env=variables)
    async with Client(stdio_client(server), mode=era) as client:
        yield client


def run(connect: Connect, era: str, ask: Callable[[Client], Any]) -> Any:
    """What `ask` finds out with a client."""

    async def asking() -> Any:
        async with connect(era) as client:
            return await ask(client)

    return anyio.run(asking)


@pytest.mark.parametrize("era", ERAS)
def test_every_tool_is_driven_in_one_session(connect: Connect, era: str) -> None:
    # The client holds each answer against the tool's output schema, and raises.
    season = gold_objects.player_season(JAMES, "2024-25")
    calls: dict[str, tuple[dict[str, Any], Callable[[Any], Any], Any]] = {
        "get_player_season_stats": ({"player_name": "lebron james"}, lambda it: it, season),
        "get_team_stats": ({"team_name": "LAL"}, lambda it: it["tricode"], "LAL"),
        "list_available_players": ({"season": "2023-24"}, lambda it: it["count"], 2),
        "get_index": ({}, lambda it: it["latest_date"], gold_objects.DAY),
        "get_artifact": (
            {"resource_uri": f"player_daily/{gold_objects.DAY}/{JAMES}"},
            lambda it: it["artifact"]["stats"]["totals"]["points"],
            30,
        ),
    }

    async def ask(client: Client) -> None:
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} == set(calls)
        assert all(tool.input_schema and tool.output_schema for tool in listed.tools)
        for name, (arguments, part, expected) in calls.items():
            result = await client.call_tool(name, arguments)
            assert not result.is_error
            assert part(result.structured_content) == expected, name

    run(connect, era, ask)


@pytest.mark.parametrize("era", ERAS)
def test_what_a_tool_cannot_do_is_a_result_that_says_so(connect: Connect, era: str) -> None:
    async def ask(client: Client) -> list[tuple[bool, str]]:
        found = []
        for name, arguments in (
            ("get_player_season_stats", {"player_name": "Lebron Jmaes"}),
            ("get_team_stats", {"team_name": "Lakrs"}),
            ("get_artifact", {"resource_uri": "../index/latest"}),
            ("get_artifact", {"resource_uri": "player_daily/2024-11-16/2544"}),
            ("get_player_season_stats", {"name": "x"}),
        ):
            result = await client.call_tool(name, arguments)
            (content,) = result.content
            found.append((result.is_error, content.text))  # type: ignore[union-attr]
        return found

    answers = run(connect, era, ask)
    words = ("LeBron James", "Did you mean", "resource_uri", "latest date is", "player_name")
    for (is_error, text), word in zip(answers, words, strict=True):
        assert is_error
        assert word in text


@pytest.mark.parametrize("era", ERAS)
def test_every_resource_and_template_is_read(connect: Connect, era: str) -> None:
    async def ask(client: Client) -> None:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        assert listed.next_cursor is templates.next_cursor is None
        uris = [str(resource.uri) for resource in listed.resources]
        assert {"player-stats", "team-stats", "data-schema"} <= {r.name for r in listed.resources}
        for template in templates.resource_templates:
            day = "daily" in template.name
            identity = JAMES if "player" in template.name else gold_objects.LAKERS["team_id"]
            uri = template.uri_template.replace("{id}", str(identity))
            uris.append(uri.replace("{date}", gold_objects.DAY).replace("{season}", "2024-25"))
            assert ("{date}" in template.uri_template) is day
        for uri in uris:
            (content,) = (await client.read_resource(uri)).contents
            assert json.loads(content.text)  # type: ignore[union-attr]

    run(connect, era, ask)


@pytest.mark.parametrize("era", ERAS)
def test_errors_of_the_protocol_reach_the_client(connect: Connect, era: str) -> None:
    async def ask(client: Client) -> list[int]:
        codes = []
        for attempt in (
            lambda: client.read_resource("basketball://player_season/2024-25/1"),
            lambda: client.list_tools(cursor="of-another-server"),
            lambda: client.list_resources(cursor="of-another-server"),
            lambda: client.call_tool("no_such_tool", {}),
        ):
            with pytest.raises(MCPError) as caught:
                await attempt()
            codes.append(caught.value.error.code)
        return codes

    missing = -32002 if era == "legacy" else -32602
    assert run(connect, era, ask) == [missing, -32602, -32602, -32602]


def test_the_newest_version_is_agreed_on_by_itself(connect: Connect) -> None:
    async def ask(client: Client) -> tuple[str, str, bool]:
        prompts = client.server_capabilities.prompts is not None
        return client.protocol_version, client.server_info.name, prompts

    assert run(connect, "auto", ask) == ("2026-07-28", "hoopstat", False)
    assert run(connect, "legacy", ask) == ("2025-11-25", "hoopstat", False)


def test_many_clients_at_once_get_their_own_answers(gold: dict[str, str]) -> None:
    players = {name: number for number, name in gold_objects.NAMES.items() if number > 200}

    async def ask(url: str, name: str, expected: int) -> None:
        async with Client(url, mode="2026-07-28") as client:
            for _ in range(10):
                result = await client.call_tool("get_player_season_stats", {"player_name": name})
                assert result.structured_content["player_id"] == expected

    async def everyone(url: str) -> None:
        async with anyio.create_task_group() as group:
            for name, number in list(players.items()) * 5:
                group.start_soon(ask, url, name, number)

    with closing_apis(), serving_mcp(service(Gold(BUCKET))) as url:
        anyio.run(everyone, url)


def test_without_a_bucket_the_program_says_which_variable_it_wants() -> None:
    ended = subprocess.run(
        [PROGRAM], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == "bad configuration: GOLD_BUCKET is not set"
    assert ended.stdout == ""
