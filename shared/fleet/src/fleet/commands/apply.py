"""fleet apply: Terraform, and then a release of what it configured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleet.commands.conduct import end
from fleet.commands.options import Env, Json, Workplace
from fleet.commands.release import release_images
from fleet.console import note, step
from fleet.release.engine import AT_ONCE
from fleet.release.strategy import Options
from fleet.release.told import LATEST

Kept = Annotated[
    Path | None, typer.Option("--plan", envvar="PLAN", help="Apply what `fleet plan --out` kept.")
]


def live_image(place: Workplace, function: str) -> str | None:
    """What is live: its tag where the history knows it, else its digest; None before a release.

    The image of `live`, never that of $LATEST: after a rollback these may differ, and a new
    configuration must not bring the bad image back.
    """
    control = place.control(function)
    version = control.alias().version
    if version == LATEST:
        return None
    digest = control.version(version).digest
    made = (r for r in place.history.of(function) if r.version == version and r.tag)
    return next((r.tag for r in made if r.digest == digest), digest)


def apply(env: Env = "local", plan: Kept = None, *, as_json: Json = False) -> None:
    """Apply the root module; a changed configuration then reaches `live` as a release."""
    place = Workplace.of(env)
    place.environment.require_releases()
    with step(f"terraform apply for {env}"):
        place.terraform.init()
        if plan:
            place.terraform.apply_plan(plan)
        else:
            place.terraform.apply()
    names = place.project.functions
    images = place.runner.map(lambda name: live_image(place, name), names, AT_ONCE)
    targets = {name: image for name, image in zip(names, images, strict=True) if image}
    for name in names:
        if name not in targets:
            note(f"  {name} was never released: `fleet release --function {name}`")
    end(release_images(place, targets, Options()), as_json=as_json)
