"""fleet rollback: back to an earlier release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleet.commands.conduct import conduct, end, new_report
from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.errors import ExitCode, FleetError
from fleet.release.outcome import Report
from fleet.release.rollback import Rollback
from fleet.release.target import Wish

if TYPE_CHECKING:
    from collections.abc import Sequence

ToTag = Annotated[
    str,
    typer.Option("--to-tag", help="Go back to the release of this tag, or of what it begins with."),
]
ToVersion = Annotated[str, typer.Option("--to-version", help="Go back to this version number.")]


def roll_back(place: Workplace, functions: Sequence[str], wish: Wish) -> Report:
    """Roll functions back, and show how it goes."""
    report = new_report(place, "rollback")
    report.tag = wish.tag
    return conduct(
        place, report, lambda refresh: Rollback(place.tools, refresh).run(report, functions, wish)
    )


def rollback(
    function: Functions,
    env: Env = "local",
    to_tag: ToTag = "",
    to_version: ToVersion = "",
    *,
    as_json: Json = False,
) -> None:
    """Point `live` at the previous release, a tag or a version, and $LATEST at its image.

    It takes over from a release that is under way.
    """
    if to_tag and to_version:
        raise FleetError("--to-tag and --to-version exclude each other", "give one", ExitCode.USAGE)
    place = Workplace.of(env)
    place.environment.require_releases()
    names = place.project.select(function)
    end(roll_back(place, names, Wish(to_tag, to_version)), as_json=as_json)
