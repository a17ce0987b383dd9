"""Whatever is written in a resource_uri, the bucket is read for an artefact's key or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit import gold_objects
from tests.kit.gold_edge import GoldEdge, service, serving_gold
from tests.kit.mcp_http import call, posted, request

ID = gold_objects.JAMES
GOOD = f"player_daily/2024-11-15/{ID}"
TRICKS = {
    "empty": "",
    "parent": "../index/latest",
    "parent inside": f"player_daily/../player_daily/2024-11-15/{ID}",
    "parent at the end": f"player_daily/2024-11-15/{ID}/..",
    "only parents": "../../..",
    "parent as id": "player_daily/2024-11-15/..",
    "dot": f"./{GOOD}",
    "dot inside": f"player_daily/./2024-11-15/{ID}",
    "absolute": f"/{GOOD}",
    "two slashes": f"player_daily//2024-11-15/{ID}",
    "slash at the end": f"{GOOD}/",
    "backslash": f"player_daily\\2024-11-15\\{ID}",
    "encoded parent": f"%2e%2e/{GOOD}",
    "encoded slash": f"player_daily%2F2024-11-15%2F{ID}",
    "encoded twice": f"%252e%252e%252f{GOOD}",
    "overlong encoding": f"..%c0%af{GOOD}",
    "encoded NUL": f"{GOOD}%00",
    "NUL": f"{GOOD}\x00",
    "NUL inside": f"player_daily/2024-11-15/\x00{ID}",
    "line feed": f"{GOOD}\n",
    "carriage return": f"{GOOD}\r\nx-amz-acl: public-read",
    "tab": f"player_daily/2024-11-15/\t{ID}",
    "spaces": f" {GOOD} ",
    "another bucket": f"s3://silver/{GOOD}",
    "an ARN": f"arn:aws:s3:::silver/{GOOD}",
    "a URL": f"https://silver.s3.amazonaws.com/{GOOD}",
    "a file": "file:///etc/passwd",
    "etc": "/etc/passwd",
    "a host": f"//silver.s3.amazonaws.com/{GOOD}",
    "its own scheme": f"basketball://{GOOD}",
    "query": f"{GOOD}?versionId=1",
    "fragment": f"{GOOD}#x",
    "extension": f"{GOOD}.json",
    "extension of the index": "index/latest.json",
    "other index": "index/2024",
    "quarantine": "quarantine/2024-11-15/1",
    "metadata": "_metadata/summary",
    "raw": "raw/box/2024-11-15",
    "other kind": f"referee_daily/2024-11-15/{ID}",
    "other case": f"Player_Daily/2024-11-15/{ID}",
    "no such day": f"player_daily/2024-02-30/{ID}",
    "a season for a day": f"player_daily/2024-25/{ID}",
    "a day for a season": f"player_season/2024-11-15/{ID}",
    "no such season": f"player_season/2024-26/{ID}",
    "negative": "player_daily/2024-11-15/-1",
    "zero": "player_daily/2024-11-15/0",
    "leading zero": f"player_daily/2024-11-15/0{ID}",
    "plus": f"player_daily/2024-11-15/+{ID}",
    "float": "player_daily/2024-11-15/1e3",
    "wildcard": "player_daily/2024-11-15/*",
    "full-width digits": "player_daily/2024-11-15/２５４４",  # noqa: RUF001 - the trick
    "Arabic digits": "player_daily/٢٠٢٤-11-15/2544",
    "full-width slash": f"player_daily／2024-11-15／{ID}",  # noqa: RUF001 - the trick
    "division slash": f"player_daily∕2024-11-15∕{ID}",  # noqa: RUF001 - the trick
    "one-dot leader": f"․․/{GOOD}",  # noqa: RUF001 - the trick
    "right-to-left override": f"\u202e{GOOD}",
    "zero-width": f"player\u200b_daily/2024-11-15/{ID}",
    "combining": f"player_dai\u0301ly/2024-11-15/{ID}",
    "half a pair": f"\ud800{GOOD}",
    "long id": f"player_daily/2024-11-15/{'9' * 5000}",
    "long": "a/" * 3000,
    "a template": "player_daily/{date}/{id}",
}


@pytest.fixture
def edge() -> Iterator[GoldEdge]:
    with serving_gold(gold_objects.objects()) as served:
        yield served


@pytest.mark.parametrize("uri", TRICKS.values(), ids=TRICKS)
def test_a_trick_is_a_tool_error_and_no_read(edge: GoldEdge, uri: str) -> None:
    status, answer = posted(service(), call("get_artifact", resource_uri=uri))
    assert status == 200
    if "error" in answer:  # half a character is not even text
        assert uri.startswith("\ud800")
        assert answer["error"]["code"] == -32602
    else:
        assert answer["result"]["isError"] is True
        assert "resource_uri" in answer["result"]["content"][0]["text"]
    assert edge.requests == []


@pytest.mark.parametrize("uri", TRICKS.values(), ids=TRICKS)
def test_a_trick_is_no_resource_and_no_read(edge: GoldEdge, uri: str) -> None:
    asked = request("resources/read", {"uri": f"basketball://{uri}"})
    status, answer = posted(service(), asked)
    assert status == 200
    assert answer["error"]["code"] in {-32002, -32602}
    assert edge.requests == []


@pytest.mark.parametrize(
    "value", [None, 1, True, [GOOD], {"resource_uri": GOOD}], ids=["null", "1", "true", "[]", "{}"]
)
def test_what_is_no_text_is_a_tool_error_and_no_read(edge: GoldEdge, value: object) -> None:
    _, answer = posted(service(), call("get_artifact", resource_uri=value))
    assert answer["result"]["isError"] is True
    assert "resource_uri: Input should be a valid string" in answer["result"]["content"][0]["text"]
    assert edge.requests == []


def test_a_name_never_reaches_a_key(edge: GoldEdge) -> None:
    for name in ("../../silver/secret", "%2e%2e%2fx", "LeBron James\x00", f"../{ID}"):
        posted(service(), call("get_player_season_stats", player_name=name))
    keys = {"index/latest.json", f"player_season/2024-25/{ID}.json"}
    assert set(edge.keys) <= keys


def test_what_is_no_trick_is_read(edge: GoldEdge) -> None:
    _, answer = posted(service(), call("get_artifact", resource_uri=GOOD))
    assert answer["result"]["structuredContent"]["artifact"]["name"] == "LeBron James"
    assert edge.keys == [f"{GOOD}.json"]
