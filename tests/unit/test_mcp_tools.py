"""The tools: what they find, and what they say there is instead."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from mcp_server import paging
from mcp_server.index import Index, Player, Team
from mcp_server.names import folded, suggestions

from tests.kit import gold_objects
from tests.kit.gold_edge import GoldEdge, service, serving_gold
from tests.kit.mcp_http import posted, request
from tests.kit.mcp_tools import found, refused
from tests.kit.scripted import Reply

INDEX = "index/latest.json"


@pytest.fixture
def edge() -> Iterator[GoldEdge]:
    with serving_gold(gold_objects.objects()) as served:
        yield served


@pytest.mark.parametrize(
    "name", ["Nikola Jokić", "nikola jokic", "NIKOLA JOKIĆ", "  nikola   jokic", "203999"]
)
def test_names_are_found_in_any_case_and_without_accents(edge: GoldEdge, name: str) -> None:
    answer = found(service(), "get_player_season_stats", player_name=name)
    assert answer == gold_objects.player_season(gold_objects.JOKIC, "2024-25")


def test_without_a_season_it_is_the_latest(edge: GoldEdge) -> None:
    on = service()
    answer = found(on, "get_player_season_stats", player_name="LeBron James")
    assert answer["season"] == "2024-25"
    answer = found(on, "get_player_season_stats", player_name="LeBron James", season="2023-24")
    assert answer["season"] == "2023-24"


@pytest.mark.parametrize(
    ("name", "season", "city"),
    [
        ("Los Angeles Lakers", None, "Los Angeles"),
        ("lakers", "2023-24", "Los Angeles"),
        ("LAL", None, "Los Angeles"),
        ("1610612747", None, "Los Angeles"),
        ("Oklahoma City Thunder", None, "Oklahoma City"),
        # By the name of then: the team has moved.
        ("Seattle SuperSonics", "2023-24", "Seattle"),
        ("supersonics", None, "Oklahoma City"),
        ("thunder", "2023-24", "Seattle"),
    ],
)
def test_teams_are_found_by_all_their_names(
    edge: GoldEdge, name: str, season: str | None, city: str
) -> None:
    arguments = {"season": season} if season else {}
    answer = found(service(), "get_team_stats", team_name=name, **arguments)
    assert answer["city"] == city
    assert answer["season"] == (season or "2024-25")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"player_name": "Lebron Jmaes"}, "Did you mean: LeBron James?"),
        ({"player_name": "jokic"}, "Did you mean: Nikola Jokić?"),
        ({"player_name": "Xyzzy"}, "There is no player 'Xyzzy'. list_available_players tells"),
        ({"player_name": "..."}, "list_available_players tells"),
        (
            {"player_name": "Nikola Jokic", "season": "2023-24"},
            "no statistics of Nikola Jokić in 2023-24, but in: 2024-25.",
        ),
        ({"player_name": "Jaren Lowe"}, "Ask by id: 101 (2023-24); 102 (2024-25)."),
        (
            {"player_name": "LeBron James", "season": "2024"},
            "season: Value error, must be a season",
        ),
        ({"player_name": ""}, "player_name: String should have at least 1 character"),
        ({}, "player_name: Field required"),
        ({"player": "LeBron James"}, "get_player_season_stats takes: player_name, season."),
    ],
)
def test_who_is_not_there_is_told_who_is(
    edge: GoldEdge, arguments: dict[str, str], says: str
) -> None:
    assert says in refused(service(), "get_player_season_stats", **arguments)


def test_of_two_of_one_name_the_season_decides(edge: GoldEdge) -> None:
    arguments = {"player_name": "jaren lowe", "season": "2023-24"}
    assert found(service(), "get_player_season_stats", **arguments)["player_id"] == 101
    assert found(service(), "get_player_season_stats", player_name="102")["season"] == "2024-25"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Lakrs", "Did you mean: Lakers?"),
        ("Xyzzy", "There is: Los Angeles Lakers, Oklahoma City Thunder."),
    ],
)
def test_a_team_that_is_not_there(edge: GoldEdge, name: str, says: str) -> None:
    text = refused(service(), "get_team_stats", team_name=name)
    assert says in text


def test_an_ambiguous_team_says_which_there_are() -> None:
    teams = tuple(
        Team(number, f"Los Angeles {nickname}", nickname[:3], ("Los Angeles",), ("2024-25",))
        for number, nickname in enumerate(("Lakers", "Clippers"))
    )
    with pytest.raises(Exception, match=r"Los Angeles Lakers \(Lak\); Los Angeles Clippers"):
        Index((), teams).team("los angeles")


def test_players_are_listed_by_team_and_season(edge: GoldEdge) -> None:
    on = service()
    everyone = found(on, "list_available_players")
    assert [each["player_id"] for each in everyone["players"]] == [101, 102, 2544, 203999]
    assert (everyone["count"], everyone["next_cursor"]) == (4, None)
    of_season = found(on, "list_available_players", season="2023-24")
    assert [each["player_id"] for each in of_season["players"]] == [101, 2544]
    of_team = found(on, "list_available_players", team="OKC")
    assert (of_team["team"], of_team["season"]) == ("Oklahoma City Thunder", "2024-25")
    assert [each["player_id"] for each in of_team["players"]] == [102, 203999]
    assert "but of: 2024-25, 2023-24" in refused(on, "list_available_players", season="1999-00")
    assert "none of this server's" in refused(on, "list_available_players", cursor="x")


def test_many_players_come_in_pages(edge: GoldEdge) -> None:
    index = gold_objects.index()
    rows = [
        {"player_id": n, "name": f"Player {n}", "games_played": 1, "team_ids": [1]}
        for n in range(1, 251)
    ]
    index["seasons"]["2024-25"]["players"] = rows
    edge.put(INDEX, index)
    on, cursor, seen, sizes = service(), None, [], []
    while True:
        arguments = {"cursor": cursor} if cursor else {}
        page = found(on, "list_available_players", season="2024-25", **arguments)
        seen += [each["player_id"] for each in page["players"]]
        sizes.append(len(page["players"]))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert (seen, sizes) == (list(range(1, 251)), [100, 100, 50])


def test_a_page_neither_repeats_nor_skips_when_the_list_changes() -> None:
    first = paging.page("abcd", list("abcd"), None, 2)
    after = paging.page("acdef", list("acdef"), first.cursor, 2)
    assert (first.items, after.items) == (["a", "b"], ["c", "d"])
    last = paging.page("ef", list("ef"), after.cursor, 2)
    assert (last.items, last.cursor) == (["e", "f"], None)


def test_resources_come_in_pages_too(edge: GoldEdge) -> None:
    index = gold_objects.index()
    index["seasons"]["2024-25"]["players"] = [
        {"player_id": n, "name": f"P {n}", "games_played": 1, "team_ids": [1]}
        for n in range(1, 150)
    ]
    edge.put(INDEX, index)
    on, cursor, seen = service(), None, []
    while True:
        params = {"cursor": cursor} if cursor else {}
        result = posted(on, request("resources/list", params))[1]["result"]
        seen += [each["uri"] for each in result["resources"]]
        cursor = result.get("nextCursor")
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert {"basketball://player-stats", "basketball://player_season/2024-25/149"} < set(seen)


def test_every_resource_that_is_listed_can_be_read(edge: GoldEdge) -> None:
    on = service()
    listed = posted(on, request("resources/list"))[1]["result"]["resources"]
    assert {each["name"] for each in listed} > {"data-schema", "player-stats", "team-stats"}
    for resource in listed:
        read = posted(on, request("resources/read", {"uri": resource["uri"]}))[1]["result"]
        (content,) = read["contents"]
        assert (content["uri"], content["mimeType"]) == (resource["uri"], "application/json")
        assert json.loads(content["text"])


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(403, b"<Error><Code>AccessDenied</Code></Error>"), "cannot be read"),
        (Reply(200, b"{"), "cannot be read"),
        (Reply(200, b"[]"), "cannot be read"),
        (Reply(200, b'{"schema_version": "2.0"}'), "cannot be read"),
        (Reply(404, b"<Error><Code>NoSuchBucket</Code></Error>"), "cannot be read"),
        (Reply(404, b"<Error><Code>NoSuchKey</Code></Error>"), "There are no statistics yet"),
    ],
)
def test_a_lake_that_is_not_as_it_must_be(edge: GoldEdge, reply: Reply, words: str) -> None:
    edge.refuse = reply
    for tool, arguments in (
        ("get_index", {}),
        ("get_team_stats", {"team_name": "LAL"}),
        ("list_available_players", {}),
    ):
        assert words in refused(service(), tool, **arguments)


def test_an_empty_lake_has_resources_all_the_same(edge: GoldEdge) -> None:
    edge.objects.clear()
    on = service()
    listed = posted(on, request("resources/list"))[1]["result"]["resources"]
    assert len(listed) == 3
    for uri, content in (("player-stats", {"players": []}), ("team-stats", {"teams": []})):
        read = posted(on, request("resources/read", {"uri": f"basketball://{uri}"}))[1]["result"]
        assert json.loads(read["contents"][0]["text"]) == content
    missing = posted(on, request("resources/read", {"uri": "basketball://index/latest"}))[1]
    assert missing["error"] == {
        "code": -32002,
        "message": "Resource not found",
        "data": {"uri": "basketball://index/latest"},
    }


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("Luka Dončić", "luka doncic"),
        ("O'Neal, Shaquille", "oneal shaquille"),
        ("Karl-Anthony Towns", "karl anthony towns"),
        ("P.J. Tucker", "pj tucker"),
        ("Ömer Aşık", "omer asik"),  # noqa: RUF001 - without a dot
        ("Đorđe Łukasz Ægir Bjørn", "dorde lukasz aegir bjorn"),
        ("Ｎｉｋｏｌａ", "nikola"),  # noqa: RUF001 - full width
        ("STRAßE", "strasse"),
        ("", ""),
    ],
)
def test_names_are_folded(written: str, same: str) -> None:
    assert folded(written) == same


def test_at_most_five_names_are_meant() -> None:
    names = [f"Jaren {letter}" for letter in "abcdefgh"]
    assert len(suggestions("Jaren", names)) == 5
    assert suggestions("", names) == []


def test_a_player_of_two_teams_in_a_season_is_of_both() -> None:
    player = Player(1, "A", {"2024-25": (1, 2)})
    assert player.seasons == ("2024-25",)
    assert Index((player,), ()).player("a") is player
