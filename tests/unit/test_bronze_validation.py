"""What bronze-ingestion refuses, and the class it gives it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from bronze_ingestion import box_scores, schedules
from bronze_ingestion.verdict import Fault, Issue, Verdict, parse
from standins import nba_shapes
from standins.nba_season import season

SEASON = season(2024, rounds=2)
GAME = SEASON.games[0]
DAY = GAME.day

CHANGE, QUALITY = Fault.SCHEMA_CHANGE, Fault.DATA_QUALITY
ROUNDING, TRANSIENT = Fault.ROUNDING_MISMATCH, Fault.TRANSIENT

type Breaking = Callable[[Any], Any]


def at(*path: str | int, value: Any = None, gone: bool = False) -> Breaking:
    """Put a value at a place of the document, or take the place out of it."""

    def breaking(document: Any) -> None:
        *before, last = path
        for step in before:
            document = document[step]
        if gone:
            del document[last]
        else:
            document[last] = value

    return breaking


def column(name: str, value: Any, table: int = 0, row: int = 0) -> Breaking:
    """Put a value into a row of a table, by its header."""

    def breaking(document: Any) -> None:
        found = document["resultSets"][table]
        found["rowSet"][row][found["headers"].index(name)] = value

    return breaking


def header(name: str, other: str | None, table: int = 0) -> Breaking:
    """Rename a header, or take out its column."""

    def breaking(document: Any) -> None:
        found = document["resultSets"][table]
        place = found["headers"].index(name)
        if other is not None:
            found["headers"][place] = other
            return
        for row in (found["headers"], *found["rowSet"]):
            del row[place]

    return breaking


def whole(value: Any) -> Breaking:
    """Something else altogether."""
    return lambda _: value


BOX = ("boxScoreTraditional",)
HOME = (*BOX, "homeTeam")
PLAYED = next(i for i, (_, line) in enumerate(GAME.home.lines) if line and line.fga > 2)
PLAYER = (*HOME, "players", PLAYED)
LINE = (*PLAYER, "statistics")
TEAM = (*HOME, "statistics")
AWAY_ID = GAME.away.team.team_id
SOMEBODY = GAME.away.lines[0][0].person_id

BOXES = {
    "null": (whole(None), CHANGE),
    "a list": (whole([]), CHANGE),
    "a text": (whole("maintenance"), CHANGE),
    "an empty object": (whole({}), CHANGE),
    "other names at the top": (whole({"boxScore": {"id": GAME.game_id}}), CHANGE),
    "no box": (at(*BOX, value=None), CHANGE),
    "no game id": (at(*BOX, "gameId", gone=True), CHANGE),
    "a number as game id": (at(*BOX, "gameId", value=22400001), CHANGE),
    "another game": (at(*BOX, "gameId", value="0022499999"), QUALITY),
    "no home team": (at(*HOME, gone=True), CHANGE),
    "a home team that is null": (at(*HOME, value=None), CHANGE),
    "no team id": (at(*HOME, "teamId", gone=True), CHANGE),
    "a text as team id": (at(*HOME, "teamId", value="1610612737"), CHANGE),
    "true as team id": (at(*HOME, "teamId", value=True), CHANGE),
    "a team against itself": (at(*HOME, "teamId", value=AWAY_ID), QUALITY),
    "no players": (at(*HOME, "players", gone=True), CHANGE),
    "players as an object": (at(*HOME, "players", value={}), CHANGE),
    "a player that is null": (at(*PLAYER, value=None), CHANGE),
    "a team without players": (at(*HOME, "players", value=[]), QUALITY),
    "no person id": (at(*PLAYER, "personId", gone=True), CHANGE),
    "a text as person id": (at(*PLAYER, "personId", value="2544"), CHANGE),
    "person 0": (at(*PLAYER, "personId", value=0), QUALITY),
    "a player of both teams": (at(*PLAYER, "personId", value=SOMEBODY), QUALITY),
    "no statistics": (at(*LINE, gone=True), CHANGE),
    "statistics as a list": (at(*LINE, value=[1]), CHANGE),
    "a renamed statistic": (at(*LINE, "points", gone=True), CHANGE),
    "a count as text": (at(*LINE, "assists", value="7"), CHANGE),
    "a count that is null": (at(*LINE, "assists", value=None), CHANGE),
    "a count with a fraction": (at(*LINE, "assists", value=7.5), CHANGE),
    "a count below zero": (at(*LINE, "assists", value=-1), QUALITY),
    "a count beyond belief": (at(*LINE, "assists", value=10**30), QUALITY),
    "minutes as a number": (at(*LINE, "minutes", value=34), CHANGE),
    "minutes of another form": (at(*LINE, "minutes", value="34 min"), QUALITY),
    "61 seconds": (at(*LINE, "minutes", value="34:61"), QUALITY),
    "more made than attempted": (at(*LINE, "freeThrowsMade", value=99), QUALITY),
    "more threes than goals": (at(*LINE, "threePointersAttempted", value=99), QUALITY),
    "points without shots": (at(*LINE, "points", value=99), QUALITY),
    "rebounds that do not add up": (at(*LINE, "reboundsTotal", value=99), QUALITY),
    "a percentage as text": (at(*LINE, "fieldGoalsPercentage", value="0.5"), CHANGE),
    "a percentage of hundred": (at(*LINE, "fieldGoalsPercentage", value=47.4), QUALITY),
    "another percentage": (at(*LINE, "fieldGoalsPercentage", value=0.999), QUALITY),
    "team statistics that are null": (at(*TEAM, value=None), QUALITY),
    "team points that are nobody's": (at(*TEAM, "freeThrowsMade", value=0), QUALITY),
    "no players on either side": (
        lambda d: [at(*BOX, side, "players", value=[])(d) for side in ("homeTeam", "awayTeam")],
        TRANSIENT,
    ),
}

OLDER = {
    "no table of players": (at("resultSets", 0, gone=True), CHANGE),
    "no table of teams": (at("resultSets", 1, gone=True), CHANGE),
    "tables as an object": (at("resultSets", value={}), CHANGE),
    "no headers": (at("resultSets", 0, "headers", gone=True), CHANGE),
    "headers that are numbers": (at("resultSets", 0, "headers", 0, value=1), CHANGE),
    "a renamed header": (header("PTS", "POINTS"), CHANGE),
    "a header too few": (header("PLAYER_ID", None), CHANGE),
    "a row too short": (at("resultSets", 0, "rowSet", 0, value=[1, 2]), CHANGE),
    "rows of another game": (column("GAME_ID", "0022499999", row=3), QUALITY),
    "a player of no team": (column("TEAM_ID", 7, row=3), QUALITY),
    "points without shots": (column("PTS", 99, row=PLAYED), QUALITY),
    "a percentage as text": (column("FG_PCT", ".500", row=PLAYED), CHANGE),
    "no teams yet": (at("resultSets", 1, "rowSet", value=[]), TRANSIENT),
}

SCHEDULES = {
    "null": (whole(None), CHANGE),
    "no tables": (at("resultSets", gone=True), CHANGE),
    "another table": (at("resultSets", 0, "name", value="Results"), CHANGE),
    "no dates": (header("GAME_DATE", None), CHANGE),
    "no rows": (at("resultSets", 0, "rowSet", gone=True), CHANGE),
    "rows as objects": (at("resultSets", 0, "rowSet", value=[{}]), CHANGE),
    "a game id of nine digits": (column("GAME_ID", "002240001"), QUALITY),
    "a game id of other digits": (column("GAME_ID", "\u0660" * 10), QUALITY),
    "a number as game id": (column("GAME_ID", 22400001), CHANGE),
    "a text as team id": (column("TEAM_ID", "1610612737"), CHANGE),
    "another day": (column("GAME_DATE", "2001-01-01"), QUALITY),
    "a date of another form": (column("GAME_DATE", "OCT 22, 2024"), QUALITY),
    "no date": (column("GAME_DATE", None), CHANGE),
    "a game with one team": (at("resultSets", 0, "rowSet", 0, gone=True), QUALITY),
}


def judged(document: Any, breaking: Breaking) -> Any:
    broken = copy.deepcopy(document)
    other = breaking(broken)
    return other if breaking.__qualname__.startswith("whole") else broken


@pytest.mark.parametrize("name", BOXES)
def test_a_malformed_box_score_has_its_class(name: str) -> None:
    breaking, expected = BOXES[name]
    found = box_scores.validate(judged(nba_shapes.box_score(GAME), breaking), GAME.game_id)
    assert not found.valid
    assert found.fault is expected, found.issues


@pytest.mark.parametrize("name", OLDER)
def test_a_malformed_older_box_score_has_its_class(name: str) -> None:
    breaking, expected = OLDER[name]
    document = nba_shapes.older_box_score(GAME)
    found = box_scores.validate(judged(document, breaking), GAME.game_id)
    assert not found.valid
    assert found.fault is expected, found.issues


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_malformed_schedule_has_its_class(name: str) -> None:
    breaking, expected = SCHEDULES[name]
    document = nba_shapes.schedule(SEASON, SEASON.by_day[DAY])
    found = schedules.validate(judged(document, breaking), DAY)
    assert not found.valid
    assert found.fault is expected, found.issues


@pytest.mark.parametrize("shape", [nba_shapes.box_score, nba_shapes.older_box_score])
def test_every_generated_game_is_valid_in_both_shapes(shape: Callable[..., Any]) -> None:
    for game in SEASON.games:
        assert box_scores.validate(shape(game), game.game_id).issues == ()


@pytest.mark.parametrize("shape", [nba_shapes.box_score, nba_shapes.older_box_score])
@pytest.mark.parametrize("digits", [2, 4])
def test_other_digits_are_a_matter_of_rounding(shape: Callable[..., Any], digits: int) -> None:
    assert box_scores.validate(shape(GAME, digits), GAME.game_id).fault is ROUNDING


def test_a_schedule_counts_each_game_once_and_may_be_empty() -> None:
    document = nba_shapes.schedule(SEASON, SEASON.by_day[DAY])
    assert schedules.validate(document, DAY).valid
    assert schedules.games(document) == tuple(game.game_id for game in SEASON.by_day[DAY])
    nothing = nba_shapes.schedule(SEASON, [])
    assert schedules.validate(nothing, date(2024, 8, 1)).valid
    assert schedules.games(nothing) == ()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", TRANSIENT),
        (b"<html>Access Denied</html>", TRANSIENT),
        (json.dumps(nba_shapes.box_score(GAME)).encode()[:-500], TRANSIENT),
        (b'{"a": "\xff"}', TRANSIENT),
        (b'{"points": NaN}', QUALITY),
        (b'{"points": -Infinity}', QUALITY),
        (b"[" * 100_000, Fault.UNKNOWN),
    ],
    ids=["nothing", "a page", "a part", "not UTF-8", "not a number", "infinite", "deep"],
)
def test_what_is_not_json_has_its_class(body: bytes, expected: Fault) -> None:
    document, verdict = parse(body)
    assert document is None
    assert verdict.fault is expected


def test_the_most_severe_issue_decides_and_comes_first() -> None:
    order = list(Fault)
    verdict = Verdict.of(Issue(fault, "x") for fault in reversed(order))
    assert verdict.fault is CHANGE
    assert verdict.as_json()["issues"] == [f"{fault}: x" for fault in order]
    assert Verdict.of(Issue(fault, "x") for fault in order[2:]).fault is ROUNDING


def test_a_record_names_some_of_very_many_issues_and_counts_all() -> None:
    document = nba_shapes.box_score(GAME)
    for player in document["boxScoreTraditional"]["homeTeam"]["players"]:
        player["statistics"] = dict.fromkeys(player["statistics"], "x")
    found = box_scores.validate(document, GAME.game_id).as_json()
    assert found["issues_count"] > 200
    assert len(found["issues"]) == 20
