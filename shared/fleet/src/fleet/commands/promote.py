"""fleet promote: what is live in an environment, under a name of its own or in another registry."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.console import emit, note, step
from fleet.errors import ExitCode, FleetError
from fleet.images import versions
from fleet.release.told import LATEST

As = Annotated[str, typer.Option("--as", envvar="VERSION", help="The tag to give: v1.2.3.")]
_VERSION = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")


def promote(
    version: As, env: Env = "local", function: Functions = "all", *, as_json: Json = False
) -> None:
    """Tag the digests that are live in an environment: what ran there, and never a new build."""
    if not _VERSION.fullmatch(version):
        raise FleetError(f"{version} is no version", "give one such as v1.2.3", ExitCode.USAGE)
    place = Workplace.of(env)
    live = {name: _live(place, name) for name in place.project.select(function)}
    made = {}
    for name, digest in live.items():
        with step(f"{name}: {version} is {digest.removeprefix('sha256:')[:12]}"):
            made[name] = versions.add_tag(place.environment, name, digest, version)
    there = [name for name, added in made.items() if not added]
    if there:
        note(f"  {version} was there already: {', '.join(there)}")
    if as_json:
        emit({"version": version, "digests": live})


def _live(place: Workplace, function: str) -> str:
    """The digest that is live; all are looked at before one is tagged."""
    control = place.control(function)
    alias = control.alias()
    if alias.version == LATEST or alias.weights:
        raise FleetError(
            f"{function} has no one version live in {place.environment.name}",
            "release it there, and let that come to its end, before its image gets a version",
        )
    return control.version(alias.version).digest
