"""Artefacts that the MCP server reads: what they may be, and how often S3 is asked for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from mcp_server.gold import Gold
from mcp_server.lake import INDEX_SECONDS

from tests.kit import gold_objects
from tests.kit.gold_edge import BUCKET, GoldEdge, service, serving_gold
from tests.kit.mcp_http import posted, request
from tests.kit.mcp_tools import found, refused

INDEX = "index/latest.json"
JAMES_SEASON = f"player_season/2024-25/{gold_objects.JAMES}.json"


@pytest.fixture
def edge() -> Iterator[GoldEdge]:
    with serving_gold(gold_objects.objects()) as served:
        yield served


def test_artefacts_are_what_the_schema_resource_says(edge: GoldEdge) -> None:
    on = service()
    read = posted(on, request("resources/read", {"uri": "basketball://data-schema"}))[1]
    schemas = json.loads(read["result"]["contents"][0]["text"])
    for key, content in gold_objects.objects().items():
        jsonschema.validate(content, schemas[key.split("/", 1)[0]])
        uri = key.removesuffix(".json")
        answer = found(on, "get_artifact", resource_uri=uri)
        assert answer == {"resource_uri": uri, "artifact": content}
    assert found(on, "get_index") == gold_objects.index()


def test_who_was_at_home_may_be_unknown(edge: GoldEdge) -> None:
    """As gold has it of games whose box score names no home team."""
    for content in (
        gold_objects.player_daily(gold_objects.JAMES),
        gold_objects.team_daily(gold_objects.LAKERS),
    ):
        content["games"][0]["home"] = None
        uri = content["resource_uri"]
        edge.put(f"{uri}.json", content)
        on = service()
        assert found(on, "get_artifact", resource_uri=uri)["artifact"] == content
        read = posted(on, request("resources/read", {"uri": f"basketball://{uri}"}))[1]
        assert json.loads(read["result"]["contents"][0]["text"]) == content


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        (f"player_daily/{gold_objects.DAY}/9", "nobody of this id played then."),
        ("player_daily/2023-11-15/9", "nobody of this id played then."),
        ("player_daily/2024-11-16/2544", "nothing of that day; the latest date is 2024-11-15."),
        ("team_daily/1946-11-01/1610612747", "nothing of that day; the latest date is 2024-11-15."),
        ("player_season/1946-47/2544", "see get_index."),
    ],
)
def test_an_artefact_that_is_not_there_is_told_from_a_day_that_is_not(
    edge: GoldEdge, uri: str, says: str
) -> None:
    assert refused(service(), "get_artifact", resource_uri=uri).endswith(says)


def test_a_warm_call_reads_once_and_only_whether_it_changed(edge: GoldEdge) -> None:
    on = service()
    found(on, "get_player_season_stats", player_name="LeBron James")
    assert edge.keys == [INDEX, JAMES_SEASON]
    edge.requests.clear()
    answer = found(on, "get_player_season_stats", player_name="LeBron James")
    assert edge.keys == [JAMES_SEASON]
    assert "if-none-match" in edge.requests[0].headers
    assert answer["stats"]["totals"]["points"] == 51
    assert len(edge.connections) == 1


def test_what_changed_is_answered_at_once(edge: GoldEdge) -> None:
    on = service()
    found(on, "get_player_season_stats", player_name="LeBron James")
    edge.put(JAMES_SEASON, gold_objects.player_season(gold_objects.JAMES, "2024-25", points=80))
    answer = found(on, "get_player_season_stats", player_name="LeBron James")
    assert answer["stats"]["totals"]["points"] == 80
    del edge.objects[JAMES_SEASON]
    assert "no artefact player_season/2024-25/2544" in refused(
        on, "get_player_season_stats", player_name="LeBron James"
    )


def test_a_name_is_never_missed_because_the_index_was_kept(edge: GoldEdge) -> None:
    on = service()
    assert "no player" in refused(on, "get_player_season_stats", player_name="New Comer")
    index = gold_objects.index()
    newcomer = {"player_id": 9, "name": "New Comer", "games_played": 2, "team_ids": [1]}
    index["seasons"]["2024-25"]["players"].append(newcomer)
    edge.put(INDEX, index)
    content = gold_objects.player_season(gold_objects.JAMES, "2024-25") | {"player_id": 9}
    edge.put("player_season/2024-25/9.json", content)
    answer = found(on, "get_player_season_stats", player_name="New Comer")
    assert answer["player_id"] == 9


def test_the_index_is_asked_for_again_after_a_minute(edge: GoldEdge) -> None:
    now = 0.0
    on = service(Gold(BUCKET, clock=lambda: now))
    found(on, "get_team_stats", team_name="LAL")
    now = INDEX_SECONDS - 0.1
    found(on, "get_team_stats", team_name="LAL")
    assert edge.keys.count(INDEX) == 1
    now = INDEX_SECONDS + 0.1
    found(on, "get_team_stats", team_name="LAL")
    assert edge.keys.count(INDEX) == 2


def test_what_was_used_longest_ago_is_forgotten_first(edge: GoldEdge) -> None:
    def raw(value: Any) -> Any:
        return value

    edge.objects |= {name: json.dumps(name * 400).encode() for name in "abc"}
    gold = Gold(BUCKET, keep_bytes=1000)
    for name in "abac":
        gold.current(name, raw)
    edge.requests.clear()
    gold.current("b", raw)
    gold.current("c", raw)
    assert ["if-none-match" in each.headers for each in edge.requests] == [False, True]
