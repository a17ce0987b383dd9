"""Box scores of which silver makes nothing, and what it says of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from silver_processing import box_scores, rows
from silver_processing.refusal import Refused
from standins import nba_season, nba_shapes

from tests.kit.lake import encoded

GAME = nba_season.season(2024, rounds=1).games[0]
SECRET = "Zebra"  # what the source sent, and no message repeats

type Change = Callable[[Any], object]


def refusal(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        rows.of([box_scores.parse(body, GAME.game_id)], {})
    assert GAME.game_id in str(caught.value)
    assert SECRET not in str(caught.value)
    return caught.value


def _box(document: Any) -> Any:
    return document["boxScoreTraditional"]


def _player(document: Any, number: int = 0) -> Any:
    return _box(document)["homeTeam"]["players"][number]


def _line(document: Any) -> Any:
    """Of the first who played."""
    players = _box(document)["homeTeam"]["players"]
    return next(p["statistics"] for p in players if p["statistics"]["minutes"])


def _idle(document: Any) -> Any:
    players = _box(document)["homeTeam"]["players"]
    return next(p["statistics"] for p in players if not p["statistics"]["minutes"])


SCHEMA: dict[str, Change] = {
    "renamed": lambda d: d.update(boxScore=d.pop("boxScoreTraditional")),
    "no home team": lambda d: _box(d).pop("homeTeam"),
    "no players": lambda d: _box(d)["awayTeam"].pop("players"),
    "players are an object": lambda d: _box(d)["awayTeam"].update(players={}),
    "no person": lambda d: _player(d).pop("personId"),
    "person is text": lambda d: _player(d).update(personId=SECRET),
    "no name": lambda d: _player(d).pop("familyName"),
    "no points": lambda d: _line(d).pop("points"),
    "points are text": lambda d: _line(d).update(points=SECRET),
    "points are null": lambda d: _line(d).update(points=None),
    "points are a truth": lambda d: _line(d).update(points=True),
    "points have a half": lambda d: _line(d).update(points=7.5),
    "minutes are a number": lambda d: _line(d).update(minutes=34.2),
    "statistics are a list": lambda d: _player(d).update(statistics=[]),
    "no tricode": lambda d: _box(d)["homeTeam"].pop("teamTricode"),
}
QUALITY: dict[str, Change] = {
    "another game": lambda d: _box(d).update(gameId="0022400999"),
    "points of no shots": lambda d: _line(d).update(points=_line(d)["points"] + 1),
    "below nought": lambda d: _line(d).update(assists=-1),
    "too many": lambda d: _line(d).update(steals=1001),
    "plus-minus of a half": lambda d: _line(d).update(plusMinusPoints=1.5),
    "more made than attempted": lambda d: _line(d).update(freeThrowsAttempted=-0, freeThrowsMade=1),
    "rebounds do not add up": lambda d: _line(d).update(reboundsTotal=99),
    "minutes of another form": lambda d: _line(d).update(minutes=SECRET),
    "hours on the floor": lambda d: _line(d).update(minutes="999:00"),
    "counts without minutes": lambda d: _idle(d).update(steals=1),
    "somebody twice": lambda d: _player(d).update(personId=_player(d, 1)["personId"]),
    "nobody": lambda d: _player(d).update(personId=0),
    "nameless": lambda d: _player(d).update(firstName="", familyName=""),
    "one team": lambda d: _box(d)["awayTeam"].update(teamId=_box(d)["homeTeam"]["teamId"]),
    "an empty team": lambda d: _box(d)["awayTeam"].update(players=[]),
    "a draw": lambda d: _box(d)["awayTeam"].update(
        players=[{**copy.deepcopy(p), "personId": p["personId"] + 5_000_000}
                 for p in _box(d)["homeTeam"]["players"]]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMA)
def test_another_shape_is_a_changed_schema(name: str) -> None:
    document = nba_shapes.box_score(GAME)
    SCHEMA[name](document)
    assert refusal(encoded(document)).fault == "schema_change"


@pytest.mark.parametrize("name", QUALITY)
def test_what_cannot_be_true_is_bad_data(name: str) -> None:
    document = nba_shapes.box_score(GAME)
    QUALITY[name](document)
    assert refusal(encoded(document)).fault == "data_quality"


def _table(document: Any, name: str) -> Any:
    return next(table for table in document["resultSets"] if table["name"] == name)


def _drop(document: Any, name: str, header: str) -> None:
    table = _table(document, name)
    place = table["headers"].index(header)
    for row in (table["headers"], *table["rowSet"]):
        del row[place]


OLDER: dict[str, Change] = {
    "no table of players": lambda d: _table(d, "PlayerStats").update(name="Players"),
    "no table of teams": lambda d: d["resultSets"].pop(),
    "no column": lambda d: _drop(d, "PlayerStats", "STL"),
    "a short row": lambda d: _table(d, "PlayerStats")["rowSet"][0].pop(),
    "three teams": lambda d: _table(d, "TeamStats")["rowSet"].append(
        _table(d, "TeamStats")["rowSet"][0]
    ),
    "a player of no team": lambda d: _table(d, "PlayerStats")["rowSet"][0].__setitem__(1, 1),
    "half a line": lambda d: _table(d, "PlayerStats")["rowSet"][0].__setitem__(9, None),
    "tables are an object": lambda d: d.update(resultSets={}),
}


@pytest.mark.parametrize("name", OLDER)
def test_tables_of_another_shape_are_a_changed_schema(name: str) -> None:
    document = copy.deepcopy(nba_shapes.older_box_score(GAME))
    # Row 0 is somebody who played, so that its minutes are to be missed.
    _table(document, "PlayerStats")["rowSet"].sort(key=lambda row: row[9] is None)
    OLDER[name](document)
    assert refusal(encoded(document)).fault == "schema_change"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"a', b"\xff\xfe", b'"text"'])
def test_what_is_no_box_score_is_a_changed_schema(body: bytes) -> None:
    assert refusal(body).fault == "schema_change"


def test_what_more_the_source_sends_is_passed_over() -> None:
    document = nba_shapes.box_score(GAME)
    _line(document)["hockeyAssists"] = 3
    document["analytics"] = {"sponsor": "none"}
    plain = rows.of([box_scores.parse(encoded(nba_shapes.box_score(GAME)), GAME.game_id)], {})
    assert rows.of([box_scores.parse(encoded(document), GAME.game_id)], {}) == plain
