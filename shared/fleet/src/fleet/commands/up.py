"""fleet up: the local stack."""

from __future__ import annotations

from fleet.commands.options import Env, Json, Workplace
from fleet.console import emit, note, step


def up(env: Env = "local", *, as_json: Json = False) -> None:
    """Start the local AWS, PostgreSQL and the stand-ins; parts that run stay as they are."""
    place = Workplace.of(env)
    with step("start the local stack"):
        place.stack.start(lambda text: note(f"  {text}"))
    if as_json:
        emit(place.stack.running())
