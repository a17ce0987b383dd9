"""Seasons of generated basketball whose every total is known.

A season is 30 teams, 82 games each: 1,230 games in 82 rounds, each round over two days. All of
it follows from the season's year and a seed, so that the source which serves it and the test
that checks what became of it need not talk to each other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final

TEAMS: Final = (
    ("ATL", "Atlanta", "Hawks"), ("BOS", "Boston", "Celtics"),
    ("CLE", "Cleveland", "Cavaliers"), ("NOP", "New Orleans", "Pelicans"),
    ("CHI", "Chicago", "Bulls"), ("DAL", "Dallas", "Mavericks"),
    ("DEN", "Denver", "Nuggets"), ("GSW", "Golden State", "Warriors"),
    ("HOU", "Houston", "Rockets"), ("LAC", "LA", "Clippers"),
    ("LAL", "Los Angeles", "Lakers"), ("MIA", "Miami", "Heat"),
    ("MIL", "Milwaukee", "Bucks"), ("MIN", "Minnesota", "Timberwolves"),
    ("BKN", "Brooklyn", "Nets"), ("NYK", "New York", "Knicks"),
    ("ORL", "Orlando", "Magic"), ("IND", "Indiana", "Pacers"),
    ("PHI", "Philadelphia", "76ers"), ("PHX", "Phoenix", "Suns"),
    ("POR", "Portland", "Trail Blazers"), ("SAC", "Sacramento", "Kings"),
    ("SAS", "San Antonio", "Spurs"), ("OKC", "Oklahoma City", "Thunder"),
    ("TOR", "Toronto", "Raptors"), ("UTA", "Utah", "Jazz"),
    ("MEM", "Memphis", "Grizzlies"), ("WAS", "Washington", "Wizards"),
    ("DET", "Detroit", "Pistons"), ("CHA", "Charlotte", "Hornets"),
)  # fmt: skip
FIRST_TEAM_ID: Final = 1610612737
_PLAYERS: Final = 13  # a team's roster
_DRESSED: Final = 10  # of whom so many play
_ROUNDS: Final = 82
_GIVEN = ("Ada", "Ben", "Cy", "Dré", "Eli", "Finn", "Gus", "Hal", "Ike", "Jo", "Kai", "Lou", "Mo")
_FAMILY = (
    "Ames", "Bošković", "Clark", "Diaz", "Evans", "Fox", "Grant", "Hill",
    "Irwin", "Jones", "King", "Lowe", "Mills", "Nunn", "O'Neal", "Price",
    "Quinn", "Reed", "Stone", "Tate", "Urban", "Vance", "Webb", "Xu",
    "Young", "Zeller", "Adams Jr.", "Baker", "Cole", "Dean",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Player:
    """Someone on a team's roster."""

    person_id: int
    given: str
    family: str
    jersey: str

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Team:
    """A team and its roster."""

    team_id: int
    tricode: str
    city: str
    nickname: str
    players: tuple[Player, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a player did in a game. Attempts include what was made; points follow."""

    seconds: int
    fgm: int
    fga: int
    fg3m: int
    fg3a: int
    ftm: int
    fta: int
    oreb: int
    dreb: int
    ast: int
    stl: int
    blk: int
    tov: int
    pf: int
    plus_minus: int = 0

    @property
    def points(self) -> int:
        """Three for a three-pointer, two for another field goal, one for a free throw."""
        return 2 * self.fgm + self.fg3m + self.ftm

    @property
    def rebounds(self) -> int:
        """At both ends."""
        return self.oreb + self.dreb


@dataclass(frozen=True, slots=True)
class Side:
    """One team's part in a game: a line for each player, None for one who did not play."""

    team: Team
    lines: tuple[tuple[Player, Line | None], ...]

    @property
    def points(self) -> int:
        """The team's."""
        return sum(line.points for _, line in self.lines if line)


@dataclass(frozen=True, slots=True)
class Game:
    """A game that was played."""

    game_id: str
    day: date
    home: Side
    away: Side


@dataclass(frozen=True)
class Season:
    """A regular season.

    Attributes:
        year: The year that it begins in.
        games: In the order of their ids.
    """

    year: int
    games: tuple[Game, ...]
    by_id: dict[str, Game] = field(default_factory=dict)
    by_day: dict[date, list[Game]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """As the league writes it: 2024-25."""
        return f"{self.year}-{(self.year + 1) % 100:02d}"


@cache
def season(year: int, seed: int = 0, rounds: int = _ROUNDS) -> Season:
    """The season that begins in a year.

    Args:
        year: Such as 2024.
        seed: Another one gives another season.
        rounds: Fewer make a shorter season of 15 games each.
    """
    # Not by hash(), which differs from process to process.
    chance = random.Random(f"{year}/{seed}")  # noqa: S311 - a game, not a secret
    teams = _teams(chance)
    made = Season(year, tuple(_games(year, teams, rounds, chance)))
    for game in made.games:
        made.by_id[game.game_id] = game
        made.by_day.setdefault(game.day, []).append(game)
    return made


def _teams(chance: random.Random) -> list[Team]:
    teams = []
    for number, (tricode, city, nickname) in enumerate(TEAMS):
        families = chance.sample(_FAMILY, _PLAYERS)
        players = tuple(
            Player(200_000 + number * 100 + k, chance.choice(_GIVEN), families[k], str(k))
            for k in range(_PLAYERS)
        )
        teams.append(Team(FIRST_TEAM_ID + number, tricode, city, nickname, players))
    return teams


def _games(year: int, teams: list[Team], rounds: int, chance: random.Random) -> list[Game]:
    opening = date(year, 10, 22)
    games: list[Game] = []
    for number in range(rounds):
        pairs = _round(teams, number)
        for place, (home, away) in enumerate(pairs):
            # Half a round on each of two days.
            day = opening + timedelta(days=2 * number + place % 2)
            game_id = f"002{year % 100:02d}{len(games) + 1:05d}"
            games.append(Game(game_id, day, *_played(home, away, chance)))
    return games


def _round(teams: list[Team], number: int) -> list[tuple[Team, Team]]:
    """The circle method: everybody plays once, and everybody meets within 29 rounds."""
    turn = number % (len(teams) - 1)
    others = teams[1:]
    circle = [teams[0], *others[turn:], *others[:turn]]
    half = len(circle) // 2
    pairs = list(zip(circle[:half], reversed(circle[half:]), strict=True))
    return [(b, a) if number % 2 else (a, b) for a, b in pairs]


def _played(home: Team, away: Team, chance: random.Random) -> tuple[Side, Side]:
    while True:
        sides = _side(home, chance), _side(away, chance)
        if sides[0].points != sides[1].points:  # nobody draws
            return sides


def _side(team: Team, chance: random.Random) -> Side:
    dressed = set(chance.sample(range(_PLAYERS), _DRESSED))
    return Side(
        team,
        tuple((p, _line(chance) if k in dressed else None) for k, p in enumerate(team.players)),
    )


def _line(chance: random.Random) -> Line:
    fga, fta = chance.randint(0, 22), chance.randint(0, 9)
    fg3a = chance.randint(0, fga)
    fgm, ftm = chance.randint(0, fga), chance.randint(0, fta)
    # Threes made are field goals made, and those missed are field goals missed.
    fg3m = chance.randint(max(0, fgm - (fga - fg3a)), min(fgm, fg3a))
    return Line(
        seconds=chance.randint(1, 48 * 60), fgm=fgm, fga=fga, fg3m=fg3m, fg3a=fg3a, ftm=ftm,
        fta=fta, oreb=chance.randint(0, 5), dreb=chance.randint(0, 10), ast=chance.randint(0, 12),
        stl=chance.randint(0, 4), blk=chance.randint(0, 4), tov=chance.randint(0, 6),
        pf=chance.randint(0, 6), plus_minus=chance.randint(-30, 30),
    )  # fmt: skip
