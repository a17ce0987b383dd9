"""A game's box score, in either of the shapes that the source has had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bronze_ingestion import older_box_scores, statistics
from bronze_ingestion.verdict import Fault, Issue, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIDES: Final = ("homeTeam", "awayTeam")


class Team(NamedTuple):
    """One side of a game: its line, and one for each player. Lines may be anything yet."""

    team_id: Any
    line: Any
    players: list[tuple[Any, Any]]


def validate(document: Any, game_id: str) -> Verdict:
    """Whether it is the box score of a game."""
    if not isinstance(document, dict):
        return Verdict.single(Fault.SCHEMA_CHANGE, "the box score is not an object")
    if "boxScoreTraditional" in document:
        read = _read(document["boxScoreTraditional"])
    elif "resultSets" in document:
        read = older_box_scores.read(document)
    else:
        text = "there is neither boxScoreTraditional nor resultSets"
        return Verdict.single(Fault.SCHEMA_CHANGE, text)
    if isinstance(read, Verdict):
        return read
    found_id, sides = read
    teams = [Team(*side) for side in sides]
    return Verdict.of((*_identity(found_id, game_id, teams), *_content(teams)))


def _read(box: Any) -> tuple[Any, list[tuple[Any, Any, list[tuple[Any, Any]]]]] | Verdict:
    """The id and the sides of a game in the shape of today."""
    if not isinstance(box, dict):
        return _changed("boxScoreTraditional is not an object")
    missing = [name for name in ("gameId", *_SIDES) if name not in box]
    if missing:
        return _changed(f"boxScoreTraditional has no {', '.join(missing)}")
    sides = []
    for side in _SIDES:
        read = _side(side, box[side])
        if isinstance(read, Verdict):
            return read
        sides.append(read)
    return box["gameId"], sides


def _side(side: str, team: Any) -> tuple[Any, Any, list[tuple[Any, Any]]] | Verdict:
    if not isinstance(team, dict):
        return _changed(f"{side} is not an object")
    missing = [name for name in ("teamId", "players", "statistics") if name not in team]
    if missing:
        return _changed(f"{side} has no {', '.join(missing)}")
    players = team["players"]
    if not isinstance(players, list):
        return _changed(f"{side} players is not a list")
    for player in players:
        if not (isinstance(player, dict) and "personId" in player and "statistics" in player):
            return _changed(f"a player of {side} has no personId or no statistics")
    lines = [(player["personId"], player["statistics"]) for player in players]
    return team["teamId"], team["statistics"], lines


def _identity(found: Any, game_id: str, teams: list[Team]) -> Iterator[Issue]:
    if not isinstance(found, str):
        yield Issue(Fault.SCHEMA_CHANGE, "gameId is not text")
    elif found != game_id:
        yield Issue(Fault.DATA_QUALITY, f"it is not of game {game_id}")
    ids = [team.team_id for team in teams]
    if not all(map(statistics.is_whole, ids)):
        yield Issue(Fault.SCHEMA_CHANGE, "a teamId is not a whole number")
    elif len(set(ids)) != len(_SIDES):
        yield Issue(Fault.DATA_QUALITY, "there are not two different teams")
    people = [person for team in teams for person, _ in team.players]
    if not all(map(statistics.is_whole, people)):
        yield Issue(Fault.SCHEMA_CHANGE, "a personId is not a whole number")
    elif min(people, default=1) <= 0:
        yield Issue(Fault.DATA_QUALITY, "a personId is not above 0")
    elif len(set(people)) != len(people):
        yield Issue(Fault.DATA_QUALITY, "a player is there twice")


def _content(teams: list[Team]) -> Iterator[Issue]:
    if not any(team.players for team in teams):
        yield Issue(Fault.TRANSIENT, "there are no players yet")
        return
    for team in teams:
        where = f"team {team.team_id}"
        if not team.players:
            yield Issue(Fault.DATA_QUALITY, f"{where} has no players")
        lines = []
        for person, line in team.players:
            issues = list(_line(f"player {person}", line))
            lines += [line] if line and not issues else []
            yield from issues
        issues = list(_line(where, team.line))
        yield from issues
        if not issues and len(lines) == sum(bool(line) for _, line in team.players):
            yield from _total(where, team.line, lines)


def _line(where: str, line: Any) -> Iterator[Issue]:
    if line is None:  # who did not play, in the older shape
        return
    if not isinstance(line, dict):
        yield Issue(Fault.SCHEMA_CHANGE, f"{where} statistics is not an object")
        return
    yield from statistics.problems(where, line)


def _total(
    where: str, team: Mapping[str, Any] | None, players: list[Mapping[str, Any]]
) -> Iterator[Issue]:
    # Rebounds and turnovers can be the team's and no player's; shots and points cannot.
    for name in ("points", "fieldGoalsMade", "threePointersMade", "freeThrowsMade"):
        if team is None or team[name] != sum(line[name] for line in players):
            yield Issue(Fault.DATA_QUALITY, f"{where} {name} is not the sum of its players'")


def _changed(text: str) -> Verdict:
    return Verdict.single(Fault.SCHEMA_CHANGE, text)
