"""Which artefacts there can be, and the one way from a caller's text to an object's key."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from mcp_server.errors import ToolError

INDEX: Final = "index/latest"
SCHEME: Final = "basketball://"
_SEASON = re.compile(r"[12][0-9]{3}-[0-9]{2}")
_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_IDENTITY = re.compile(r"[1-9][0-9]{0,11}")
_MAX_LENGTH: Final = 100

# What the second part of a URI is, by its first.
KINDS: Final = {
    "player_daily": "date",
    "player_season": "season",
    "team_daily": "date",
    "team_season": "season",
}
FORMS: Final = (
    "player_daily/2024-11-15/2544, team_daily/2024-11-15/1610612747, "
    "player_season/2024-25/2544, team_season/2024-25/1610612747 or index/latest"
)


class Artifact(NamedTuple):
    """One of gold's objects: `player_season/2024-25/2544`."""

    kind: str
    period: str
    identity: int

    @property
    def uri(self) -> str:
        """As callers name it."""
        return f"{self.kind}/{self.period}/{self.identity}"

    @property
    def key(self) -> str:
        """The object's key."""
        return f"{self.uri}.json"


def parse(uri: str) -> Artifact | None:
    """What a resource_uri names; None of the index.

    Its parts are checked one by one and put together anew, so that nothing of the caller's text
    reaches a key but a season, a date and a number.

    Raises:
        ToolError: It names nothing that there can be.
    """
    if uri == INDEX:
        return None
    parts = uri.split("/") if len(uri) <= _MAX_LENGTH else []
    if len(parts) == 3 and (found := _artifact(*parts)):  # noqa: PLR2004 - kind, period, identity
        return found
    raise ToolError(f"There is no such resource_uri. It is one of the form {FORMS}.")


def _artifact(kind: str, period: str, identity: str) -> Artifact | None:
    # By fullmatch: `$` would let a final line feed through, and int() other scripts' digits.
    if not _IDENTITY.fullmatch(identity):
        return None
    fits = {"date": _is_day, "season": is_season}.get(KINDS.get(kind, ""))
    if fits is None or not fits(period):
        return None
    return Artifact(kind, period, int(identity))


def is_season(text: str) -> bool:
    """Whether this is a season such as 2024-25."""
    if not _SEASON.fullmatch(text):
        return False
    return (int(text[:4]) + 1) % 100 == int(text[5:])


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
