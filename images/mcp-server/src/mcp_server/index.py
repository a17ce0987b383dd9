"""What gold's index tells: who is in the lake, and of which seasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mcp_server.errors import ToolError
from mcp_server.names import folded, suggestions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Team:
    """A team, as of its latest season."""

    team_id: int
    name: str
    abbreviation: str
    aliases: tuple[str, ...]
    seasons: tuple[str, ...]


@dataclass(frozen=True)
class Player:
    """A player, as of their latest season.

    Attributes:
        player_id: The league's number.
        name: As the league writes it.
        teams: The ids of the teams played for, by season.
    """

    player_id: int
    name: str
    teams: dict[str, tuple[int, ...]]

    @cached_property
    def seasons(self) -> tuple[str, ...]:
        """The seasons with statistics, the latest first."""
        return tuple(sorted(self.teams, reverse=True))


@dataclass(frozen=True)
class Index:
    """Everyone in the lake.

    Attributes:
        players: In the order of their ids.
        teams: The same.
    """

    players: tuple[Player, ...]
    teams: tuple[Team, ...]

    @cached_property
    def seasons(self) -> tuple[str, ...]:
        """Every season, the latest first."""
        of_players = {season for player in self.players for season in player.seasons}
        of_teams = {season for team in self.teams for season in team.seasons}
        return tuple(sorted(of_players | of_teams, reverse=True))

    @cached_property
    def _players(self) -> dict[str, list[Player]]:
        found: dict[str, list[Player]] = {}
        for player in self.players:
            for name in {folded(player.name), str(player.player_id)}:
                found.setdefault(name, []).append(player)
        return found

    @cached_property
    def _teams(self) -> dict[str, list[Team]]:
        found: dict[str, list[Team]] = {}
        for team in self.teams:
            names = (team.name, team.abbreviation, str(team.team_id), *team.aliases)
            for name in {folded(each) for each in names}:
                found.setdefault(name, []).append(team)
        return found

    def player(self, name: str, season: str | None = None) -> Player:
        """The player of a name or an id; of several, the one who played in that season.

        Raises:
            ToolError: There is none, or more than one.
        """
        found = self._players.get(folded(name), [])
        if not found:
            names = (player.name for player in self.players)
            raise ToolError(_nobody("player", name, names))
        if len(found) > 1:
            found = [each for each in found if season in each.seasons] or found
        if len(found) > 1:
            raise ToolError(_several(name, found))
        return found[0]

    def team(self, name: str) -> Team:
        """The team of a name, nickname, city, abbreviation or id.

        Raises:
            ToolError: There is none, or more than one.
        """
        found = self._teams.get(folded(name), [])
        if not found:
            words = (word for team in self.teams for word in (team.name, *team.aliases))
            raise ToolError(_nobody("team", name, words, [team.name for team in self.teams]))
        if len(found) > 1:
            meant = "; ".join(f"{team.name} ({team.abbreviation})" for team in found)
            raise ToolError(
                f"More than one team is called {name!r}: {meant}. Ask for one of these."
            )
        return found[0]

    def season(self, of: Player | Team, season: str | None) -> str:
        """The season that is meant: the one asked for, or the latest.

        Raises:
            ToolError: There are no statistics of it.
        """
        if season is None:
            return of.seasons[0]
        if season not in of.seasons:
            there = ", ".join(of.seasons)
            raise ToolError(f"There are no statistics of {of.name} in {season}, but in: {there}.")
        return season


def _nobody(what: str, name: str, names: Iterable[str], every: Sequence[str] | None = None) -> str:
    meant = suggestions(name, names)
    if meant:
        return f"There is no {what} {name!r}. Did you mean: {', '.join(meant)}?"
    if every:
        return f"There is no {what} {name!r}. There is: {', '.join(every)}."
    return f"There is no {what} {name!r}. list_available_players tells who there is."


def _several(name: str, found: Sequence[Player]) -> str:
    meant = "; ".join(f"{each.player_id} ({', '.join(each.seasons)})" for each in found)
    return f"More than one player is called {name!r}. Ask by id: {meant}."
