"""The stand-in for stats.nba.com: its seasons add up, and it behaves as it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

import httpx
import pytest
from standins import nba, nba_shapes, serving
from standins.nba_season import Line, season

BROWSER = {"user-agent": "Mozilla/5.0"}
OPENING = "10/22/2024"
GAME = "0022400001"


@pytest.fixture(scope="module")
def source() -> nba.Source:
    return nba.Source([2024])


@pytest.fixture(scope="module")
def url(source: nba.Source) -> Iterator[str]:
    with serving.running(nba.application(source)) as url:
        yield url


@pytest.fixture
def client(source: nba.Source, url: str) -> Iterator[httpx.Client]:
    source.reset(nba.Behaviour(rate_per_minute=None))
    with httpx.Client(base_url=url, headers=BROWSER, timeout=2, trust_env=False) as client:
        yield client


def box(client: httpx.Client, game: str = GAME) -> httpx.Response:
    return client.get("/stats/boxscoretraditionalv3", params={"GameID": game})


def schedule(client: httpx.Client, first: str = OPENING, last: str = OPENING) -> Any:
    query = {"DateFrom": first, "DateTo": last, "LeagueID": "00"}
    return client.get("/stats/leaguegamefinder", params=query)


def control(client: httpx.Client, **behaviour: Any) -> None:
    assert client.put("/__control", json={"rate_per_minute": None} | behaviour).status_code == 204


def test_a_season_is_82_games_of_30_teams() -> None:
    made = season(2024)
    played = Counter(side.team.team_id for game in made.games for side in (game.home, game.away))
    assert len(made.games) == 1230
    assert set(played.values()) == {82}
    at_home = Counter(game.home.team.team_id for game in made.games)
    assert 30 <= min(at_home.values()) <= max(at_home.values()) <= 52
    for games in made.by_day.values():
        teams = [side.team.team_id for game in games for side in (game.home, game.away)]
        assert len(set(teams)) == len(teams)


def test_the_same_year_is_the_same_season_in_every_process() -> None:
    game = season(2024, rounds=1).games[0]
    assert game == season(2024).games[0]
    assert (game.game_id, str(game.day)) == (GAME, "2024-10-22")
    assert (game.home.points, game.away.points) == (98, 117)
    years = [season(year, rounds=1).games[0] for year in (2022, 2023, 2024)]
    assert all(one != other for one, other in combinations(years, 2))


def test_every_line_adds_up() -> None:
    lines = [line for game in season(2024).games for side in (game.home, game.away)
             for _, line in side.lines if line]  # fmt: skip
    assert len(lines) == 1230 * 2 * 10
    assert all(possible(line) for line in lines)


def possible(line: Line) -> bool:
    missed = line.fga - line.fgm
    return (
        0 <= line.fg3m <= line.fg3a
        and line.fg3m <= line.fgm <= line.fga
        and 0 <= line.fg3a - line.fg3m <= missed
        and 0 <= line.ftm <= line.fta
        and line.points == 3 * line.fg3m + 2 * (line.fgm - line.fg3m) + line.ftm
    )


def test_a_schedule_has_a_row_for_each_team_of_each_game(client: httpx.Client) -> None:
    table = schedule(client).json()["resultSets"][0]
    rows = [dict(zip(table["headers"], row, strict=True)) for row in table["rowSet"]]
    games = season(2024).by_day[date(2024, 10, 22)]
    assert sorted(row["GAME_ID"] for row in rows) == sorted(2 * [g.game_id for g in games])
    assert {row["GAME_DATE"] for row in rows} == {"2024-10-22"}
    assert {row["WL"] for row in rows} == {"W", "L"}
    assert schedule(client, "07/01/2024", "07/01/2024").json()["resultSets"][0]["rowSet"] == []


def test_both_shapes_say_the_same(client: httpx.Client) -> None:
    newer = box(client).json()["boxScoreTraditional"]["homeTeam"]
    control(client, shape="older")
    players = box(client).json()["resultSets"][0]
    older = [dict(zip(players["headers"], row, strict=True)) for row in players["rowSet"]]
    own = [row for row in older if row["TEAM_ID"] == newer["teamId"]]
    assert [(row["PLAYER_ID"], row["PTS"] or 0, row["MIN"] or "") for row in own] == [
        (p["personId"], p["statistics"]["points"], p["statistics"]["minutes"])
        for p in newer["players"]
    ]


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [({"status": 503}, 503), ({"missing": [GAME]}, 404), ({"fail_first": 1}, 500)],
)
def test_it_refuses_as_it_is_told(
    client: httpx.Client, behaviour: dict[str, Any], status: int
) -> None:
    control(client, **behaviour)
    assert box(client).status_code == status
    assert box(client).status_code == (200 if "fail_first" in behaviour else status)


def test_a_broken_answer_ends_in_the_middle(client: httpx.Client) -> None:
    whole = box(client).content
    control(client, broken=[GAME])
    assert box(client).content == whole[:-500]


def test_other_digits_and_another_shape(client: httpx.Client) -> None:
    control(client, digits=2)
    line = box(client).json()["boxScoreTraditional"]["homeTeam"]["statistics"]
    assert line["fieldGoalsPercentage"] == nba_shapes.percentage(
        line["fieldGoalsMade"], line["fieldGoalsAttempted"], 2
    )
    control(client, shape="changed")
    assert "boxScoreTraditional" not in box(client).json()


def test_the_rate_is_counted_over_any_minute(client: httpx.Client) -> None:
    control(client, rate_per_minute=3, retry_after=7)
    answers = [box(client) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "7"


def test_the_ledger_has_every_request_and_what_became_of_it(client: httpx.Client) -> None:
    control(client, missing=[GAME])
    box(client)
    schedule(client)
    ledger = client.get("/__ledger").json()
    assert [(entry["what"], entry["status"]) for entry in ledger] == [
        (f"box {GAME}", 404),
        (f"schedule {OPENING} {OPENING}", 200),
    ]
    assert ledger[0]["at"] <= ledger[1]["at"]


def test_who_is_no_browser_gets_no_answer(client: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.get(
            "/stats/boxscoretraditionalv3",
            params={"GameID": GAME},
            headers={"user-agent": "python-httpx"},
            timeout=0.2,
        )


def test_a_game_that_hangs_never_comes(client: httpx.Client) -> None:
    control(client, hang=[GAME])
    with pytest.raises(httpx.ReadTimeout):
        client.get("/stats/boxscoretraditionalv3", params={"GameID": GAME}, timeout=0.2)


def test_a_behaviour_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        nba.Behaviour.model_validate({"colour": "red"})
