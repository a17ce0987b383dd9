"""fleet apply: Terraform, and then a release of what it configured."""

from __future__ import annotations

from dataclasses import asdict

from fleet.commands.deploy import release
from fleet.commands.options import Env, Json, Workplace
from fleet.console import emit, note, step
from fleet.release.control import LATEST


def live_tag(place: Workplace, function: str) -> str | None:
    """The tag that is live, from the history; None before the first release."""
    version = place.control(function).alias().version
    if version == LATEST:
        return None
    releases = place.history.of(function)
    return next((r.tag for r in releases if r.version == version and r.tag), None)


def apply(env: Env = "local", *, as_json: Json = False) -> None:
    """Apply the root module; a changed configuration then reaches `live` as a release."""
    place = Workplace.of(env)
    place.environment.require_releases()
    with step(f"terraform apply for {env}"):
        place.terraform.init()
        place.terraform.apply()
    outcomes = []
    for function in place.project.functions:
        tag = live_tag(place, function)
        if tag is None:
            note(f"  {function} was never released: `fleet deploy --function {function}`")
            continue
        outcomes.append(asdict(release(place, function, tag)))
    if as_json:
        emit(outcomes)
